/* exit, quit, copyright, credits, license and help, which the module `site` puts among the builtins.
 *
 * `site` does not run here, and these names need none of its modules (help() needs pydoc, as ever). */
#ifndef CASTIRON_SITE_BUILTINS_H
#define CASTIRON_SITE_BUILTINS_H

int site_builtins_install(void);

#endif
