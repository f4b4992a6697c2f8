/* Where OpenSSL looks for the certificates of authorities.  Distributions keep them in different places; OpenSSL knows one.
 *
 * SSL_CERT_FILE and SSL_CERT_DIR, which OpenSSL itself obeys, come before this. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "process/executable.h"
#include "series.h"

/* OpenSSL's own (its OPENSSLDIR is /etc/ssl); Alpine, Arch, newer Fedora. */
static const char usual[] = "/etc/ssl/cert.pem";
/* Debian, whose folder of hashed names OpenSSL finds by itself and reads no more of than it needs. */
static const char hashed[] = "/etc/ssl/certs/ca-certificates.crt";
static const char *const bundles[] = {
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, Red Hat */
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/var/lib/ca-certificates/ca-bundle.pem", /* openSUSE */
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/openssl/certs/ca-certificates.crt",
    "/opt/etc/ssl/certs/ca-certificates.crt",
};

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

const char *__wrap_X509_get_default_cert_file(void)
{
    static char own[PATH_MAX];
    if (exists(usual) || exists(hashed))
        return usual;
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
        if (exists(bundles[i]))
            return bundles[i];
    /* None on this machine: those that the application brought. */
    int size = snprintf(own, sizeof own, "%s/" SERIES_LIBRARY "/site-packages/certifi/cacert.pem", executable_path());
    return size < (int)sizeof own && exists(own) ? own : usual;
}
