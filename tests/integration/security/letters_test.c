/* Says of each of its arguments what the stub's rules for command lines make of it: `p` or `-` for program_text.c of each
 * argument; or, after the argument `helper`, the library that helper_command.c finds in what follows. */
#include <stdio.h>
#include <string.h>

#include "process/helper_command.h"
#include "process/program_text.h"

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "helper") == 0) {
        const char *library = helper_command(count - 2, arguments + 2);
        puts(library == NULL ? "-" : library);
        return 0;
    }
    for (int i = 1; i < count; i++)
        putchar(program_text_does_something(arguments[i]) ? 'p' : '-');
    putchar('\n');
    return 0;
}
