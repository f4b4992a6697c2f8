#include "process/standard_input.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include "libc/real.h"

static struct stat at_start; /* all zero if the descriptor was closed: no file has device and inode 0 */

void standard_input_remember(void)
{
    if (__real_fstat(0, &at_start) != 0)
        at_start = (struct stat){0};
}

static bool is_local_socket(void)
{
    int domain;
    socklen_t size = sizeof domain;
    return getsockopt(0, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

bool standard_input_is_given(void)
{
    struct stat now;
    if (__real_fstat(0, &now) != 0 || (now.st_dev == at_start.st_dev && now.st_ino == at_start.st_ino))
        return false;
    return S_ISFIFO(now.st_mode) || S_ISREG(now.st_mode) || (S_ISSOCK(now.st_mode) && is_local_socket());
}
