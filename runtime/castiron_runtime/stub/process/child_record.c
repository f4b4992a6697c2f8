#include "process/child_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libc/decimal.h"
#include "libc/real.h"
#include "payload/payload.h"
#include "process/own_variables.h"
#include "process/privileges.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3; a system may ask for it (sysctl vm.memfd_noexec) */
#endif

static const char name[] = "_CASTIRON_CHILD";
enum { NAME_LENGTH = sizeof name - 1, SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* The first three members stand where they stand in every version. */
struct record {
    char magic[8];
    uint32_t version;
    int32_t process;
    unsigned char program[16]; /* the identity of its payload */
    uint32_t variables;        /* own_variables_of */
    uint32_t reads_program;    /* see child_record_reads_program */
};
static const char magic[8] = {'C', 'A', 'S', 'T', 'C', 'H', 'L', 'D'};
enum { VERSION = 3 };

static bool reads_program;

bool child_record_is_variable(const char *entry)
{
    return strncmp(entry, name, NAME_LENGTH) == 0 && entry[NAME_LENGTH] == '=';
}

static void write_variable(char variable[CHILD_RECORD_SIZE], int descriptor)
{
    memcpy(variable, name, NAME_LENGTH);
    variable[NAME_LENGTH] = '=';
    if (descriptor < 0)
        strcpy(variable + NAME_LENGTH + 1, "-");
    else
        decimal_write((uint64_t)descriptor, variable + NAME_LENGTH + 1);
}

static int new_file(void)
{
    long descriptor = syscall(SYS_memfd_create, "castiron-child", MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (descriptor < 0 && errno == EINVAL)
        descriptor = syscall(SYS_memfd_create, "castiron-child", MFD_ALLOW_SEALING);
    if (descriptor < 0 || descriptor > 2)
        return (int)descriptor;
    /* A closed standard stream must not become the record. */
    int higher = fcntl((int)descriptor, F_DUPFD, 3);
    syscall(SYS_close, (int)descriptor);
    return higher;
}

bool child_record_reads_program(void)
{
    return reads_program;
}

int child_record_make(char variable[CHILD_RECORD_SIZE], char *const environment[], bool reads)
{
    struct record record = {.version = VERSION, .process = (int32_t)syscall(SYS_getpid),
                            .variables = own_variables_of(environment), .reads_program = reads};
    memcpy(record.magic, magic, sizeof magic);
    memcpy(record.program, payload_header()->identity, sizeof record.program);
    int descriptor = new_file();
    if (descriptor >= 0 && (syscall(SYS_write, descriptor, &record, sizeof record) != (long)sizeof record ||
                            fcntl(descriptor, F_ADD_SEALS, SEALS) != 0)) {
        syscall(SYS_close, descriptor);
        descriptor = -1;
    }
    write_variable(variable, descriptor);
    return descriptor;
}

/* Whether a process with the user and group of this one made the file.  The kernel does not remember the maker's capabilities:
 * for a process that has some, and is not root, a record proves nothing. */
static bool is_ours(const struct stat *status)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    return status->st_uid == user && user == getuid() && status->st_gid == group && group == getgid() &&
           (user == 0 || privileges_permitted() == 0);
}

static enum child_record look(const char *number, uint32_t *variables)
{
    char *end;
    long descriptor = number[0] >= '0' && number[0] <= '9' ? strtol(number, &end, 10) : -1;
    struct stat status;
    struct record record;
    if (descriptor < 0 || *end != '\0' || descriptor > INT32_MAX)
        return CHILD_RECORD_WORTHLESS;
    int seals = fcntl((int)descriptor, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || __real_fstat((int)descriptor, &status) != 0 ||
        pread((int)descriptor, &record, sizeof record, 0) != (ssize_t)sizeof record ||
        memcmp(record.magic, magic, sizeof magic) != 0)
        return CHILD_RECORD_WORTHLESS;
    close((int)descriptor);
    if (record.process != getpid() || !is_ours(&status))
        return CHILD_RECORD_WORTHLESS;
    bool same = record.version == VERSION && status.st_size == (off_t)sizeof record &&
                memcmp(record.program, payload_header()->identity, sizeof record.program) == 0;
    *variables = same ? record.variables : 0;
    reads_program = same && record.reads_program != 0;
    return same ? CHILD_RECORD_OWN : CHILD_RECORD_OTHER;
}

enum child_record child_record_take(void)
{
    const char *number = getenv(name);
    uint32_t variables = 0;
    enum child_record record = number == NULL ? CHILD_RECORD_ABSENT : look(number, &variables);
    own_variables_remember(variables);
    if (number != NULL)
        unsetenv(name);
    return record;
}
