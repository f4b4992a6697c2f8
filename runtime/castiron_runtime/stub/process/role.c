#include "process/role.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "payload/payload.h"
#include "process/ancestry.h"
#include "process/arguments.h"
#include "process/child_record.h"
#include "process/command_line.h"
#include "process/executable.h"
#include "process/helper_command.h"
#include "process/privileges.h"
#include "process/standard_input.h"

/* Set by a process that was started like an interpreter and could not show by whom, for those that it starts. */
static const char unexplained[] = "_CASTIRON_UNEXPLAINED";

enum proof {
    PROOF_NONE,
    PROOF_OWN,
    PROOF_REPLACED, /* a process of this program, whose executable is another one by now */
    PROOF_TYPED,    /* a person typed the command in a shell that this program started */
};

/* What is known of who started this process; why there is no proof. */
struct evidence {
    enum proof proof;
    bool suspicious; /* something claims that a process of this program did */
    const char *reason;
};

static struct role refuse(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fprintf(stderr, "%s: refused: ", executable_path());
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    return (struct role){.kind = ROLE_REFUSED};
}

static struct evidence find_evidence(enum child_record record)
{
    switch (record) {
    case CHILD_RECORD_OWN:
        return (struct evidence){.proof = PROOF_OWN};
    case CHILD_RECORD_OTHER:
        return (struct evidence){.proof = PROOF_REPLACED};
    case CHILD_RECORD_ABSENT:
    case CHILD_RECORD_WORTHLESS:
        break;
    }
    bool claimed = record == CHILD_RECORD_WORTHLESS;
    switch (ancestry_find()) {
    case ANCESTRY_OWN:
        return (struct evidence){.proof = PROOF_OWN};
    case ANCESTRY_TYPED:
        return (struct evidence){.proof = PROOF_TYPED};
    case ANCESTRY_REPLACED:
        return (struct evidence){.proof = PROOF_REPLACED};
    case ANCESTRY_UNKNOWN:
        return (struct evidence){.suspicious = claimed, .reason = "there is no /proc"};
    case ANCESTRY_STRANGER:
        break;
    }
    return (struct evidence){.suspicious = claimed, .reason = "by what the kernel says, another program did, or another user"};
}

/* Nothing shows that the application started this process: it is the application.  It could go on like that for ever, one
 * process starting the next, so the second time is the last. */
static struct role without_proof(const struct evidence *evidence, const char *helper)
{
    if (helper != NULL)
        return refuse("these are the arguments of a helper of %s, and nothing shows that this program started it (%s)", helper,
                      evidence->reason);
    if (getenv(unexplained) != NULL)
        return refuse("started again with the arguments of a Python interpreter, and nothing shows that this program did so "
                      "(%s); `link --children all` makes it an interpreter for everybody",
                      evidence->reason);
    setenv(unexplained, "1", 1);
    if (evidence->suspicious)
        fprintf(stderr,
                "%s: started with the arguments of a Python interpreter, and nothing shows that this program did so (%s), so it "
                "is the application; `link --children all` makes it an interpreter for everybody\n",
                executable_path(), evidence->reason);
    return (struct role){.kind = ROLE_APPLICATION};
}

static struct role decide(int argc, char **argv, enum child_record record, bool for_all)
{
    static const struct role application = {.kind = ROLE_APPLICATION}, interpreter = {.kind = ROLE_INTERPRETER};
    const char *called = argc > 0 ? argv[0] : NULL;
    bool named = executable_is_interpreter(called);
    bool all = for_all && command_line_is_python(argc, argv, FOR_ANYBODY);
    /* Where a process of this program executed sys.executable, argv[0] may be any: `os.execv(sys.executable, ["python", ...])`. */
    bool recorded = record == CHILD_RECORD_OWN || record == CHILD_RECORD_OTHER;
    if (!named && !recorded && !executable_is_called(called))
        return all ? interpreter : application;
    if (argc == 1 && record == CHILD_RECORD_OWN && child_record_reads_program())
        return (struct role){.kind = ROLE_OWN_INTERPRETER};

    int script = command_line_may_be_python(argc, argv) ? command_line_own_script(argc, argv) : 0;
    bool python = named || all || (command_line_may_be_python(argc, argv) && command_line_is_python(argc, argv, FOR_OWN));
    if (script == 0 && (!python || all))
        return all ? interpreter : application;

    struct evidence evidence = find_evidence(record);
    if (script != 0) /* the application again, with arguments: what stands before them is for python */
        return (struct role){.skip = evidence.proof == PROOF_OWN || evidence.proof == PROOF_REPLACED ? script : 0};
    switch (evidence.proof) {
    case PROOF_OWN:
        return (struct role){.kind = ROLE_OWN_INTERPRETER};
    case PROOF_TYPED:
        return application;
    case PROOF_REPLACED:
        return refuse("the executable was replaced while the program ran that started this process: start that program again");
    case PROOF_NONE:
        break;
    }
    return without_proof(&evidence, helper_command(argc, argv));
}

struct role role_decide(int argc, char **argv)
{
    uint32_t flags = payload_header()->flags;
    bool raised = privileges_raised();
    standard_input_remember();
    /* With raised privileges our variables were removed: privileges_clean_environment. */
    enum child_record record = raised ? CHILD_RECORD_ABSENT : child_record_take();
    if (!raised && (flags & BOOT_NO_CHILDREN) == 0)
        return decide(argc, argv, record, (flags & BOOT_AS_PYTHON) != 0);
    const char *helper = helper_command(argc, argv);
    if (helper == NULL)
        return (struct role){.kind = ROLE_APPLICATION};
    return raised ? refuse("these are the arguments of a helper of %s, and with raised privileges it has none", helper)
                  : refuse("these are the arguments of a helper of %s; it was linked to have none (link --children)", helper);
}

/* Whether the kernel will say of the new image that its privileges are raised. */
static bool will_be_raised(void)
{
    return privileges_raised() || getuid() != geteuid() || getgid() != getegid();
}

enum reexec role_of_reexec(char *const *arguments)
{
    int count = (int)arguments_count(arguments);
    if (count == 0 || (payload_header()->flags & BOOT_NO_CHILDREN) != 0)
        return REEXEC_PLAIN;
    bool named = executable_is_interpreter(arguments[0]);
    bool reading = !named && count == 1 && standard_input_is_given();
    if (!named && !reading && !command_line_may_be_python(count, arguments))
        return REEXEC_PLAIN;
    if (!will_be_raised())
        return reading ? REEXEC_READING : REEXEC_RECORDED;
    return named || command_line_has_program(count, arguments) ? REEXEC_FORBIDDEN : REEXEC_PLAIN;
}
