/* The name localhost where nothing on the machine defines it: without /etc/hosts, musl asks name servers for it.
 *
 * RFC 6761, section 6.3: name resolution should recognise localhost names and answer with the loopback addresses.  What
 * /etc/hosts says of the name comes first.
 */
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sys/socket.h>

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **result);
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

static bool in_hosts_file(const char *name)
{
    FILE *file = fopen("/etc/hosts", "re");
    if (file == NULL)
        return false;
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (!found && getline(&line, &size, file) != -1) {
        line[strcspn(line, "#\n")] = 0;
        char *rest = line;
        strtok_r(line, " \t\r", &rest); /* the address */
        for (char *word; !found && (word = strtok_r(NULL, " \t\r", &rest)) != NULL;)
            found = strcasecmp(word, name) == 0;
    }
    free(line);
    fclose(file);
    return found;
}

static bool is_ours(const char *name)
{
    return name != NULL && is_localhost(name) && !in_hosts_file(name);
}

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    if (!is_ours(host) || (hints != NULL && hints->ai_flags & AI_NUMERICHOST))
        return __real_getaddrinfo(host, service, hints, result);
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
    if (status == 0) /* musl names the host in every case, and freeaddrinfo() frees no name */
        for (struct addrinfo *answer = *result; answer != NULL; answer = answer->ai_next)
            answer->ai_canonname = localhost;
    return status;
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
