#!/bin/sh
# Runs as root inside a minimal Debian that has python3: what every flow image shares. Used by build.ts and by the Dockerfiles.
set -eu

# HOME must be writable under any user id: clusters may assign one that /etc/passwd does not know.
useradd --uid 1000 --user-group --no-create-home --home-dir /home/flowrun --shell /bin/sh flowrun
install -d -m 1777 -o flowrun -g flowrun /home/flowrun
ln -sf python3 /usr/bin/python

# usrmerge did its work while Debian was installed; only it needs the full Perl, 47 MB. What is not there is passed over.
dpkg --purge usrmerge libfile-find-rule-perl libnumber-compare-perl libtext-glob-perl perl perl-modules-5.36 libperl5.36 2>/dev/null

find /usr/share/doc -type f ! -name copyright -delete
find /usr/share/doc -depth -type d -empty -delete
rm -rf /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian /usr/share/bug
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow-
