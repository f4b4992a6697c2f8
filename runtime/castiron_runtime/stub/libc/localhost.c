/* Host names where musl answers otherwise than others: the name localhost where nothing on the machine defines it (without
 * /etc/hosts, musl asks name servers for it), and canonical names that were not asked for.
 *
 * RFC 6761, section 6.3: name resolution should recognise localhost names and answer with the loopback addresses; RFC 6303
 * says likewise of the names of these.  What /etc/hosts says comes first.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sys/socket.h>

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **result);
int __real_getnameinfo(
    const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size, char *service, socklen_t service_size,
    int flags);
int __real_gethostbyname2_r(
    const char *name, int family, struct hostent *host, char *buffer, size_t size, struct hostent **result, int *error);

static char localhost[] = "localhost";

static bool is_localhost(const char *name)
{
    size_t length = strlen(name);
    if (length > 0 && name[length - 1] == '.')
        length--;
    const size_t wanted = sizeof localhost - 1;
    return length >= wanted && strncasecmp(name + length - wanted, localhost, wanted) == 0 &&
           (length == wanted || name[length - wanted - 1] == '.');
}

/* Whether a line of /etc/hosts begins with an address for which `has` says so, and then names `name` (NULL: anything). */
static bool in_hosts_file(bool (*has)(const char *address, const void *wanted), const void *wanted, const char *name)
{
    FILE *file = fopen("/etc/hosts", "re");
    if (file == NULL)
        return false;
    char *line = NULL;
    size_t size = 0;
    bool named = false;
    while (!named && getline(&line, &size, file) != -1) {
        line[strcspn(line, "#\n")] = 0;
        char *rest;
        const char *address = strtok_r(line, " \t\r", &rest);
        if (address == NULL || !has(address, wanted))
            continue;
        for (char *word; !named && (word = strtok_r(NULL, " \t\r", &rest)) != NULL;)
            named = name == NULL || strcasecmp(word, name) == 0;
    }
    free(line);
    fclose(file);
    return named;
}

static bool any_address(const char *address, const void *wanted)
{
    (void)address;
    (void)wanted;
    return true;
}

static bool same_address(const char *address, const void *wanted)
{
    const struct sockaddr *socket_address = wanted;
    struct in6_addr six;
    struct in_addr four;
    if (socket_address->sa_family == AF_INET6)
        return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
    return inet_pton(AF_INET, address, &four) == 1 && four.s_addr == ((const struct sockaddr_in *)wanted)->sin_addr.s_addr;
}

static bool is_loopback(const struct sockaddr *address, socklen_t length)
{
    if (address->sa_family == AF_INET && length >= (socklen_t)sizeof(struct sockaddr_in))
        return ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    return address->sa_family == AF_INET6 && length >= (socklen_t)sizeof(struct sockaddr_in6) &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool is_ours(const char *name)
{
    return name != NULL && is_localhost(name) && !in_hosts_file(any_address, NULL, name);
}

/* musl names the host in every answer; POSIX, and programs that print what they get, want it only in the first, and only if
 * it is asked for.  freeaddrinfo() of musl frees no name. */
static void set_names(struct addrinfo *answers, const struct addrinfo *hints, char *name)
{
    answers->ai_canonname = hints != NULL && hints->ai_flags & AI_CANONNAME ? name : NULL;
    for (struct addrinfo *answer = answers->ai_next; answer != NULL; answer = answer->ai_next)
        answer->ai_canonname = NULL;
}

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    if (!is_ours(host) || (hints != NULL && hints->ai_flags & AI_NUMERICHOST)) {
        const int status = __real_getaddrinfo(host, service, hints, result);
        if (status == 0)
            set_names(*result, hints, (*result)->ai_canonname);
        return status;
    }
    struct addrinfo own = {0};
    if (hints != NULL)
        own = *hints;
    /* Without a host and not to listen on every address, the answer is the loopback's.  Of a family that the machine does
     * not have, nobody could make use. */
    own.ai_flags = (own.ai_flags & ~AI_PASSIVE) | AI_ADDRCONFIG;
    int status = __real_getaddrinfo(NULL, service != NULL ? service : "0", &own, result);
    if (status == EAI_NONAME || (status == EAI_SERVICE && service == NULL)) {
        own.ai_flags &= ~AI_ADDRCONFIG;
        status = __real_getaddrinfo(own.ai_family == AF_INET6 ? "::1" : "127.0.0.1", service, &own, result);
    }
    if (status == 0)
        set_names(*result, hints, localhost);
    return status;
}

int __wrap_getnameinfo(
    const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size, char *service, socklen_t service_size,
    int flags)
{
    if (host == NULL || host_size == 0 || flags & NI_NUMERICHOST || !is_loopback(address, length) ||
        in_hosts_file(same_address, address, NULL))
        return __real_getnameinfo(address, length, host, host_size, service, service_size, flags);
    if (host_size < sizeof localhost)
        return EAI_OVERFLOW;
    memcpy(host, localhost, sizeof localhost);
    if (service == NULL || service_size == 0)
        return 0;
    return __real_getnameinfo(address, length, NULL, 0, service, service_size, flags & ~NI_NAMEREQD);
}

int __wrap_gethostbyname2_r(
    const char *name, int family, struct hostent *host, char *buffer, size_t size, struct hostent **result, int *error)
{
    if (!is_ours(name))
        return __real_gethostbyname2_r(name, family, host, buffer, size, result, error);
    const char *address = family == AF_INET6 ? "::1" : "127.0.0.1";
    const int status = __real_gethostbyname2_r(address, family, host, buffer, size, result, error);
    if (status == 0 && *result != NULL)
        (*result)->h_name = (*result)->h_aliases[0] = localhost;
    return status;
}
