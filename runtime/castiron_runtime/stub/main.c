/* A Castiron executable starts here: the boot sequence, step by step. */
#define Py_BUILD_CORE
#include <Python.h>

#include "pycore_initconfig.h"
#include "pycore_pystate.h"

#include "allocator.h"
#include "command_line.h"
#include "early_loader.h"
#include "entry.h"
#include "executable.h"
#include "external.h"
#include "finalize.h"
#include "finder.h"
#include "loader.h"
#include "notices.h"
#include "payload.h"
#include "relro.h"
#include "run_files.h"
#include "site_builtins.h"
#include "tree.h"

struct boot {
    int argc;
    char **argv;
    bool as_python;         /* this time: the arguments are for an interpreter */
    bool obey_environment;
};

static void check(PyStatus status)
{
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
}

static void require(int status)
{
    if (status < 0) {
        PyErr_Print();
        Py_FatalError("castiron cannot start");
    }
}

/* Locale and encodings as the ordinary interpreter has them, from the locale's variables; nothing from Python's. */
static void pre_initialize(const struct boot *boot)
{
    PyPreConfig config;
    PyPreConfig_InitPythonConfig(&config);
    config.isolated = !boot->obey_environment && !boot->as_python;
    config.use_environment = boot->obey_environment;
    config.parse_argv = boot->as_python;
    check(Py_PreInitializeFromBytesArgs(&config, boot->argc, boot->argv));
}

static void use_allocator(void)
{
    PyMemAllocatorEx python = {NULL, allocator.malloc, allocator.calloc, allocator.realloc, allocator.free};
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &python);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &python);
}

static void configure(PyConfig *config, const struct boot *boot)
{
    /* Some options and variables (-X dev, PYTHONHASHSEED) are read only where the defaults leave them open. */
    if (boot->as_python || boot->obey_environment)
        PyConfig_InitPythonConfig(config);
    else
        PyConfig_InitIsolatedConfig(config);
    config->isolated = 0; /* in sys.flags, whose readers take it for an option of the user: python -I */
    config->use_environment = boot->obey_environment;
    config->safe_path = 0; /* likewise; who computes the first entry of sys.path is Py_RunMain alone */
    config->parse_argv = boot->as_python;
    config->site_import = 0;
    config->user_site_directory = 0;
    config->install_signal_handlers = 1; /* SIGPIPE ignored, Ctrl-C raises KeyboardInterrupt */
    config->optimization_level = (int)payload_header()->optimize;
    config->pathconfig_warnings = 0;
    config->_init_main = 0;
    check(PyConfig_SetBytesString(config, &config->program_name, boot->argc > 0 ? boot->argv[0] : ""));
    check(PyConfig_SetBytesArgv(config, boot->argc, boot->argv));
}

int main(int argc, char **argv)
{
    if (!relro_protect())
        return 1;

    /* Where we are and what we carry; from here on paths below the executable lead into the payload. */
    if (!payload_open())
        return 1;
    executable_find(argc > 0 ? argv[0] : NULL);
    tree_open();

    uint32_t flags = payload_header()->flags;
    if ((flags & BOOT_NOTICES) != 0 && notices_asked(argc, argv))
        return notices_show();
    bool own_child = executable_is_own_child(argc > 0 ? argv[0] : NULL, command_line_may_be_python(argc, argv));
    int script = own_child ? command_line_own_script(argc, argv) : 0;
    if (script != 0) { /* the application again, with arguments: what stands before them is for python */
        argv += script;
        argc -= script;
    }
    bool python = (flags & BOOT_AS_PYTHON) != 0 || executable_is_interpreter(argc > 0 ? argv[0] : NULL);
    enum command_line_for who = python ? FOR_ANYBODY : own_child && script == 0 ? FOR_OWN : FOR_NOBODY;
    struct boot boot = {
        .argc = argc,
        .argv = argv,
        .as_python = command_line_is_python(argc, argv, who),
        .obey_environment = (flags & BOOT_OBEY_ENVIRONMENT) != 0,
    };

    /* The core of the interpreter: objects, builtins, the import of built-in modules. */
    pre_initialize(&boot);
    use_allocator();
    PyConfig config;
    configure(&config, &boot);
    check(Py_InitializeFromConfig(&config));
    PyConfig_Clear(&config);

    /* The import of everything else, from the payload.  It must work before the rest starts, which imports encodings. */
    require(external_prepare());
    require(loader_prepare());
    require(early_loader_prepare());
    require(finder_install());

    /* The rest: sys.path, encodings, standard streams, signals. */
    check(_Py_InitializeMain());
    require(external_finish());
    require(site_builtins_install());

    if (boot.as_python) {
        require(run_files_prepare());
        return Py_RunMain();
    }
    finalize(entry_run(), (flags & BOOT_FULL_FINALIZE) != 0);
}
