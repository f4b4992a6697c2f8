/* The command lines with which multiprocessing, loky, joblib and billiard start their helpers, matched whole. */
#ifndef CASTIRON_HELPER_COMMAND_H
#define CASTIRON_HELPER_COMMAND_H

/* The name of the library whose helper the arguments start, letter by letter as that library writes them; NULL if they are
 * anything else. */
const char *helper_command(int count, char *const *arguments);

#endif
