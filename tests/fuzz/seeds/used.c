extern void *dlsym(void *, const char *);
int other(int x) { return x + (dlsym(0, "some_symbol_name") != 0); }
