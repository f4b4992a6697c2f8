/* 128-bit division, which compilers call by these names.  Zig's compiler-rt has it too, but in one
   object with memcpy, sin and others, whose definitions would take the place of those in libc.so. */
typedef unsigned __int128 wide;
typedef unsigned long word;

static wide divide(wide n, wide d, wide *remainder)
{
    word high = (word)(n >> 64), low = (word)n, divisor = (word)d;
    if (d > n) {
        *remainder = n;
        return 0;
    }
    if (!(word)(d >> 64)) {
        word q1 = high / divisor, q0, rest = high % divisor;
        __asm__("divq %4" : "=a"(q0), "=d"(rest) : "0"(low), "1"(rest), "r"(divisor) : "cc");
        *remainder = rest;
        return (wide)q1 << 64 | q0;
    }
    int shift = __builtin_clzl((word)(d >> 64)) - __builtin_clzl(high);
    word quotient = 0;
    for (d <<= shift; shift >= 0; shift--, d >>= 1) {
        quotient <<= 1;
        if (n >= d) {
            n -= d;
            quotient |= 1;
        }
    }
    *remainder = n;
    return quotient;
}

wide __udivti3(wide n, wide d) { wide rest; return divide(n, d, &rest); }
wide __umodti3(wide n, wide d) { wide rest; divide(n, d, &rest); return rest; }

__int128 __divti3(__int128 n, __int128 d)
{
    wide rest, quotient = divide(n < 0 ? -(wide)n : (wide)n, d < 0 ? -(wide)d : (wide)d, &rest);
    return (n < 0) != (d < 0) ? -quotient : quotient;
}

__int128 __modti3(__int128 n, __int128 d)
{
    wide rest;
    divide(n < 0 ? -(wide)n : (wide)n, d < 0 ? -(wide)d : (wide)d, &rest);
    return n < 0 ? -rest : rest;
}
