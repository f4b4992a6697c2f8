// What a C++ library does with GCC's run-time library on top of glibc.
#include <any>
#include <atomic>
#include <charconv>
#include <chrono>
#include <codecvt>
#include <condition_variable>
#include <cstring>
#include <cxxabi.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <locale>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <regex>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <typeinfo>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<int> destroyed;

struct Counted {
    int value = 0;
    ~Counted() { destroyed++; }
};

thread_local Counted of_thread;
thread_local std::string text_of_thread = "start";

struct Own : std::runtime_error {
    using runtime_error::runtime_error;
};

__attribute__((noinline)) void dive(int depth)
{
    if (depth == 0)
        throw Own("deep");
    dive(depth - 1);
    asm volatile("");
}

int ordered(const void *a, const void *b, void *)
{
    if (*static_cast<const int *>(a) == 7)
        throw Own("while sorting");
    return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

struct Commas : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
};

void streams()
{
    std::ostringstream out;
    out << std::hex << 255 << ' ' << std::dec << std::setprecision(8) << 3.14159265358979 << ' ' << std::boolalpha << true << ' '
        << std::setw(6) << std::setfill('*') << 42 << ' ' << 1e300 << ' ' << 1.5L << ' ' << static_cast<void *>(nullptr);
    std::cout << out.str() << std::endl;
    std::istringstream in("12 3.5 word 0x1f true 99999999999999999999");
    int a, h;
    double d;
    std::string word;
    bool b;
    in >> a >> d >> word >> std::hex >> h >> std::boolalpha >> b;
    long large = 0;
    in >> std::dec >> large;
    std::cout << a << ' ' << d << ' ' << word << ' ' << h << ' ' << b << ' ' << in.fail() << ' ' << large << std::endl;
    std::wostringstream wide;
    wide << L"wide " << 1234.5 << L' ' << std::setw(5) << 7;
    std::cout << wide.str().size() << std::endl;
}

void expressions()
{
    std::smatch found;
    std::string text = "date 2024-05-06 end";
    std::cout << std::regex_search(text, found, std::regex("(\\d{4})-(\\d+)")) << ' ' << found[1] << '/' << found[2] << ' '
              << std::regex_match("AbC9_", std::regex("[[:alpha:]]+[[:digit:]]\\w")) << ' '
              << std::regex_match("ABC", std::regex("abc", std::regex::icase)) << ' '
              << std::regex_match("abab", std::regex("(ab)\\1")) << ' '
              << std::regex_replace(std::string("a  b"), std::regex("\\s+"), "-") << std::endl;
    try {
        std::regex wrong("(");
    } catch (const std::regex_error &error) {
        std::cout << "regex_error " << error.code() << std::endl;
    }
}

void locales()
{
    std::ostringstream out;
    out.imbue(std::locale(std::locale::classic(), new Commas));
    out << std::fixed << std::setprecision(2) << 1234567.891;
    std::cout << out.str() << std::endl;
    for (const char *name : {"C", "POSIX", "C.UTF-8", "xx_YY.nope", "nope"})
        try {
            std::locale locale(name);
            std::ostringstream narrow;
            std::wostringstream wide;
            narrow.imbue(locale);
            wide.imbue(locale);
            std::tm when{};
            when.tm_year = 124;
            when.tm_mday = 3;
            when.tm_wday = 3;
            narrow << 12345.5 << ' ' << std::put_time(&when, "%A %b %x %c") << ' ' << std::put_money("12345");
            wide << 12345.5 << std::put_time(&when, L"%A %B %p");
            std::string shown;
            for (wchar_t c : wide.str())
                shown += static_cast<char>(c);
            const auto &kinds = std::use_facet<std::ctype<char>>(locale);
            const auto &wide_kinds = std::use_facet<std::ctype<wchar_t>>(locale);
            const auto &money = std::use_facet<std::moneypunct<char>>(locale);
            std::cout << locale.name() << ": " << narrow.str() << " | " << shown << " | " << std::isalpha('x', locale) << kinds.toupper('q')
                      << wide_kinds.is(std::ctype_base::alpha, L'a') << wide_kinds.narrow(wide_kinds.toupper(L'b'), '?') << ' '
                      << money.frac_digits() << money.decimal_point() << std::use_facet<std::collate<char>>(locale).compare("a", "a" + 1, "b", "b" + 1)
                      << std::endl;
        } catch (const std::runtime_error &error) {
            std::cout << name << ": " << error.what() << std::endl;
        }
    const auto &kinds = std::use_facet<std::ctype<char>>(std::locale::classic());
    unsigned hash = 0;
    for (int c = 0; c < 128; c++)
        for (auto kind : {std::ctype_base::alpha, std::ctype_base::digit, std::ctype_base::space, std::ctype_base::punct, std::ctype_base::xdigit,
                 std::ctype_base::cntrl, std::ctype_base::upper, std::ctype_base::lower, std::ctype_base::print, std::ctype_base::graph})
            hash = hash * 3 + kinds.is(kind, static_cast<char>(c));
    std::cout << "kinds " << hash << std::endl;
    std::wstring_convert<std::codecvt_utf8<wchar_t>> convert;
    std::cout << convert.to_bytes(L"\u00e9\u4e2d").size() << convert.from_bytes("\xc3\xa9").size() << std::endl;
}

void exceptions()
{
    try {
        dive(20);
    } catch (const std::runtime_error &error) {
        std::cout << abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, nullptr) << ' ' << error.what() << std::endl;
    }
    try {
        std::vector<int>().at(3);
    } catch (const std::out_of_range &error) {
        std::cout << error.what() << std::endl;
    }
    try {
        throw std::system_error(ENOENT, std::generic_category(), "system");
    } catch (const std::system_error &error) {
        std::cout << error.what() << ' ' << error.code().value() << std::endl;
    }
    std::once_flag flag;
    for (int i = 0; i < 3; i++)
        try {
            std::call_once(flag, [&] {
                std::cout << "call " << i;
                if (i == 0)
                    throw Own("in call_once");
                std::cout << " done" << std::endl;
            });
        } catch (const Own &error) {
            std::cout << ' ' << error.what() << std::endl;
        }
    std::promise<int> promise;
    auto future = promise.get_future();
    std::thread thread([&] {
        try {
            throw Own("in thread");
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    });
    try {
        future.get();
    } catch (const std::exception &error) {
        std::cout << error.what() << std::endl;
    }
    thread.join();
}

void threads()
{
    int before = destroyed;
    std::thread first([] { of_thread.value = 1, text_of_thread += "x"; }), second([] { of_thread.value = 2; });
    first.join();
    second.join();
    std::cout << "thread_local " << destroyed - before << ' ' << text_of_thread << std::endl;
    std::cout << std::async(std::launch::async, [] { return 41 + 1; }).get() << std::endl;
    std::mutex mutex;
    std::condition_variable condition;
    bool ready = false;
    std::unique_lock lock(mutex);
    std::cout << condition.wait_for(lock, std::chrono::milliseconds(20), [&] { return ready; });
    std::cout << (condition.wait_until(lock, std::chrono::system_clock::now() + std::chrono::milliseconds(5)) == std::cv_status::timeout);
    std::thread notifier([&] {
        std::lock_guard guard(mutex);
        ready = true;
        condition.notify_one();
    });
    condition.wait(lock, [&] { return ready; });
    lock.unlock();
    notifier.join();
    std::timed_mutex timed;
    timed.lock();
    std::thread waiter([&] { std::cout << timed.try_lock_for(std::chrono::milliseconds(10)); });
    waiter.join();
    timed.unlock();
    std::recursive_mutex recursive;
    recursive.lock();
    std::cout << recursive.try_lock();
    recursive.unlock();
    recursive.unlock();
    std::shared_mutex shared;
    {
        std::shared_lock reader(shared);
        std::cout << shared.try_lock();
    }
    std::cout << std::endl;
}

void files()
{
    namespace fs = std::filesystem;
    auto folder = fs::temp_directory_path() / ("castiron-cxx-" + std::to_string(getpid()));
    fs::create_directories(folder / "a/b");
    std::ofstream(folder / "a/f.txt") << "hello\nworld";
    fs::create_symlink("f.txt", folder / "a/l");
    int kinds = 0;
    for (const auto &entry : fs::recursive_directory_iterator(folder))
        kinds += 1 + 10 * entry.is_regular_file() + 100 * entry.is_symlink();
    std::cout << kinds << ' ' << fs::file_size(folder / "a/f.txt") << fs::exists(folder / "no")
              << (fs::last_write_time(folder / "a/f.txt") <= fs::file_time_type::clock::now() + std::chrono::seconds(2));
    std::ifstream in(folder / "a/f.txt");
    for (std::string line; std::getline(in, line);)
        std::cout << ' ' << line;
    std::error_code error;
    fs::copy_file(folder / "a/f.txt", folder / "c", error);
    std::cout << ' ' << error.value() << ' ' << fs::remove_all(folder) << std::endl;
    try {
        fs::file_size("/nope");
    } catch (const fs::filesystem_error &failure) {
        std::cout << failure.code().message() << std::endl;
    }
}

void numbers()
{
    double value;
    std::string text = "2.718281828";
    std::from_chars(text.data(), text.data() + text.size(), value);
    char buffer[40];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, 0.1).ptr;
    std::cout << value << ' ' << std::string(buffer, end) << ' ' << std::stod("1e-3") << ' ' << std::to_string(3.5) << std::endl;
    try {
        std::stoi("99999999999");
    } catch (const std::out_of_range &error) {
        std::cout << error.what() << std::endl;
    }
    std::random_device device;
    std::mt19937 generator(5);
    std::cout << (device() != device()) << ' ' << std::normal_distribution<>()(generator) << std::endl;
}

} // namespace

extern "C" void check_library(void)
{
    streams();
    expressions();
    locales();
    exceptions();
    threads();
    files();
    numbers();
    std::cout.flush();
}
