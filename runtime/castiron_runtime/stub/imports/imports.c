/* Puts the import system together: calls that go up are registered here, so that its files do not need each other in a
 * circle. */
#include "imports/imports.h"

#include "imports/adapters.h"
#include "imports/bootstrap_external.h"
#include "imports/finder.h"
#include "imports/loader.h"

int imports_install(void)
{
    loader_when_executed(adapters_apply);
    if (bootstrap_external_prepare(loader_finish_early) < 0 || loader_prepare() < 0 || loader_prepare_early() < 0)
        return -1;
    return finder_install();
}

int imports_finish(void)
{
    return bootstrap_external_finish();
}
