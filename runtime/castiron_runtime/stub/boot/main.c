/* A Castiron executable starts here: the boot sequence, step by step. */
#define Py_BUILD_CORE
#include <Python.h>

#include "pycore_initconfig.h"
#include "pycore_pystate.h"

#include "boot/entry.h"
#include "boot/notices.h"
#include "boot/path_files.h"
#include "boot/site_builtins.h"
#include "images/prefault.h"
#include "images/relro.h"
#include "imports/adapt.h"
#include "imports/imports.h"
#include "libc/allocator.h"
#include "payload/payload.h"
#include "process/command_line.h"
#include "process/executable.h"
#include "process/finalize.h"
#include "process/own_variables.h"
#include "process/privileges.h"
#include "process/role.h"
#include "tree/tree.h"

struct boot {
    int argc;
    char **argv;
    bool as_python;         /* this time: the arguments are for an interpreter */
    bool obey_environment;
    bool own_variables;     /* of Python's variables, those that this program set for this child are obeyed */
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
    config.use_environment = boot->obey_environment || boot->own_variables;
    config.parse_argv = boot->as_python;
    check(Py_PreInitializeFromBytesArgs(&config, boot->argc, boot->argv));
}

static void use_allocator(void)
{
    PyMemAllocatorEx python = {NULL, allocator.malloc, allocator.calloc, allocator.realloc, allocator.free};
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &python);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &python);
    /* Of the stacks of Python's frames: CPython maps one for each thread, and unmaps it. */
    PyObjectArenaAllocator arenas = {NULL, allocator.malloc, allocator.free_arena};
    PyObject_SetArenaAllocator(&arenas);
}

static void configure(PyConfig *config, const struct boot *boot)
{
    /* Some options and variables (-X dev, PYTHONHASHSEED) are read only where the defaults leave them open. */
    if (boot->as_python || boot->obey_environment)
        PyConfig_InitPythonConfig(config);
    else
        PyConfig_InitIsolatedConfig(config);
    config->isolated = 0; /* in sys.flags, whose readers take it for an option of the user: python -I */
    config->use_environment = boot->obey_environment || boot->own_variables;
    config->safe_path = 0; /* likewise; the first entry of sys.path is computed by Py_RunMain alone */
    config->parse_argv = boot->as_python;
    config->site_import = 0;
    config->user_site_directory = 0;
    config->install_signal_handlers = 1; /* SIGPIPE ignored, Ctrl-C raises KeyboardInterrupt */
    config->optimization_level = (int)payload_header()->optimize;
    config->pathconfig_warnings = 0;
    config->_init_main = 0;
    check(PyConfig_SetBytesString(config, &config->program_name, boot->argc > 0 ? boot->argv[0] : ""));
    check(PyConfig_SetBytesArgv(config, boot->argc, boot->argv));
    if (boot->own_variables) {
        check(PyConfig_Read(config));
        config->use_environment = 0; /* by now the environment has been read */
    }
}

int main(int argc, char **argv)
{
    prefault_data();
    if (!relro_protect())
        return 1;

    /* The executable's path and the payload: from here on paths below the executable lead into the tree. */
    if (!payload_open())
        return 1;
    privileges_clean_environment();
    executable_find(argc > 0 ? argv[0] : NULL);
    tree_start();

    uint32_t flags = payload_header()->flags;
    if ((flags & BOOT_NOTICES) != 0 && notices_asked(argc, argv))
        return notices_show();
    struct role role = role_decide(argc, argv);
    if (role.kind == ROLE_REFUSED)
        return ROLE_REFUSED_STATUS;
    struct boot boot = {
        .argc = argc - role.skip,
        .argv = argv + role.skip,
        .as_python = role.kind != ROLE_APPLICATION,
        .obey_environment = (flags & BOOT_OBEY_ENVIRONMENT) != 0 && !privileges_raised(),
    };
    boot.own_variables = role.kind == ROLE_OWN_INTERPRETER && !boot.obey_environment && own_variables_are_there();

    if (boot.as_python && command_line_ignores_environment(boot.argc, boot.argv))
        own_variables_ignore_path();

    /* The core of the interpreter: objects, builtins, the import of built-in modules. */
    if (boot.own_variables)
        own_variables_hide_inherited();
    pre_initialize(&boot);
    use_allocator();
    PyConfig config;
    configure(&config, &boot);
    if (boot.own_variables)
        own_variables_put_back();
    check(Py_InitializeFromConfig(&config));
    PyConfig_Clear(&config);

    /* The import of everything else, from the payload.  It must work before the rest starts, which imports encodings. */
    require(imports_install());

    /* The rest: sys.path, encodings, standard streams, signals. */
    check(_Py_InitializeMain());
    require(imports_finish());
    require(site_builtins_install());
    if ((flags & BOOT_PATH_FILES) != 0)
        require(path_files_process());

    if (boot.as_python) {
        require(adapt_runpy_prepare(role.kind == ROLE_OWN_INTERPRETER));
        return Py_RunMain();
    }
    finalize(entry_run(), (flags & BOOT_FULL_FINALIZE) != 0);
}
