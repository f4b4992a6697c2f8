void check_library(void);

int main(void)
{
    check_library();
    return 0;
}
