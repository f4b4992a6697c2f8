/* exit, quit, copyright, credits, license and help, which the module `site` puts among the builtins.
 *
 * `site` does not run here; these names import what they need when they are used. */
#ifndef CASTIRON_SITE_BUILTINS_H
#define CASTIRON_SITE_BUILTINS_H

int site_builtins_install(void);

#endif
