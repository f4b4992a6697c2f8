/* Path configuration files (NAME.pth) of distributions. */
#ifndef CASTIRON_PATH_FILES_H
#define CASTIRON_PATH_FILES_H

/* Processes those of site-packages as site.py does: adds the folders that they name to sys.path, and runs their code.  What
 * one of them does wrong is shown on standard error, and the program goes on.  -1 with an exception if there is no site.py. */
int path_files_process(void);

#endif
