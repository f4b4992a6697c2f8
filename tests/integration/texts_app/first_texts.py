"""What programs do first with texts and codecs: each function is a program of its own, chosen by the argument."""

import sys
import threading


def standard_input():
    print([sys.stdin.newlines, sys.stdin.readline(), sys.stdin.read(), sys.stdin.encoding, sys.stdin.errors])


def lines_in_other_ends():
    with open("ends.txt", encoding="UTF8") as file:
        print(file.newlines, next(file), file.newlines, file.readlines(), file.newlines)


def pieces_of_characters():
    with open("long.txt", encoding="utf-8") as file:
        first = file.read(8191)
        place = file.tell()
        rest = file.read()
        file.seek(place)
        print(len(first), place, len(rest), rest == file.read(), rest[-3:])


def a_place_in_another_file():
    with open("long.txt", encoding="utf-8") as file:
        file.read(100)
        place = file.tell()
    with open("long.txt", encoding="utf-8") as file:
        file.seek(place)
        print(place, file.tell() == place, file.read(4))


def the_end_and_the_beginning():
    with open("long.txt", "r+", encoding="utf-8") as file:
        print(file.seek(0, 2), file.write("ü"), file.seek(0), file.read(3))
    with open("long.txt", "a", encoding="utf-8") as file:
        print(file.tell(), file.write("ö\n"), file.tell())
    with open("new.txt", "w+", encoding="utf-8", errors="surrogateescape") as file:
        print(file.write("é\udcff\n"), file.truncate(), file.seek(0), ascii(file.read()))


def bytes_that_are_no_text():
    for errors in ("strict", "replace", "surrogateescape", "ignore", "backslashreplace"):
        with open("broken.txt", encoding="utf-8", errors=errors) as file:
            try:
                print(ascii(file.read()))
            except UnicodeDecodeError as error:
                print(error)
    for errors in ("strict", "xmlcharrefreplace", "namereplace"):
        with open("new.txt", "w", encoding="utf-8", errors=errors) as file:
            try:
                print(file.write("\ud800"))
            except UnicodeEncodeError as error:
                print(error)


def an_unknown_handler():
    with open("broken.txt", encoding="utf-8", errors="nonsense") as file:
        try:
            file.read()
        except LookupError as error:
            print(error)


def another_encoding_of_a_stream():
    sys.stdout.reconfigure(line_buffering=True)
    sys.stdout.reconfigure(errors="replace")
    print("\udcff\xe9")
    sys.stdout.reconfigure(encoding="latin-1", errors="backslashreplace")
    print("\u20ac")
    sys.stdout.reconfigure(encoding="utf-8")
    print(sys.stdout.encoding, sys.stdout.errors)


def other_encodings():
    print("aé".encode("cp1252"), b"\xe9".decode("latin-1"), "a".encode("U8"), "é".encode("idna"))
    with open("new.txt", "w", encoding="utf-8-sig") as file:
        file.write("é")
    with open("new.txt", "rb") as file:
        print(file.read())
    for name in ("nonsense", "rot13", "utf-8\0"):
        try:
            open("ends.txt", encoding=name).close()
        except (LookupError, ValueError) as error:
            print(type(error).__name__, error)


def what_cannot_be_done():
    for mode, method in (("w", "read"), ("r", "write")):
        with open("new.txt", "w", encoding="utf-8"), open("new.txt", mode, encoding="utf-8") as file:
            try:
                getattr(file, method)(*["x"] * (method == "write"))
            except OSError as error:
                print(type(error), type(error).__module__, error)


def an_own_codec():
    import codecs

    def search(name):
        return (
            codecs.CodecInfo(codecs.ascii_encode, codecs.ascii_decode, name=name) if name in ("own", "utf_8") else None
        )

    codecs.register(search)
    print(codecs.lookup("utf-8").name, codecs.lookup("own").name, "x".encode("own"))
    codecs.unregister(search)
    try:
        codecs.lookup("own")
    except LookupError as error:
        print(error)


def what_streams_are():
    import io

    print(isinstance(sys.stdout, io.TextIOBase), isinstance(sys.stdin.buffer, io.BufferedIOBase), open is io.open)
    print(io.UnsupportedOperation.__module__, type(sys.stdout), issubclass(io.StringIO, io.IOBase))


def many_threads_at_once():
    gate = threading.Barrier(8)
    results = []

    def work(number):
        with open("long.txt", encoding="utf-8") as file:
            gate.wait()
            results.append(("x".encode(["cp1252", "idna", "utf-7", "hz"][number % 4]), len(file.read())))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(results))


def a_bad_end():
    sys.stderr.write("é\udcff\n")
    print("é", 1 / 0)


def at_the_very_end():
    class Last:
        def __del__(self, open=open):
            with open("new.txt", "w", encoding="utf-8") as file:
                file.write("é")

    sys.last_of_all = Last()


globals()[sys.argv[1]]()
