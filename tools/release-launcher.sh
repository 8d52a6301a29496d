#!/bin/sh
# Runs the Holdfast of a release archive with the Node.js that lies in it: from any directory, through symlinks too.
self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=${self%"${self##*/}"}$link ;;
  esac
done
case $self in
  /*) bin=${self%/*} ;;
  */*) bin=./${self%/*} ;;
  *) bin=. ;;
esac
root=$bin/..

case $(uname -s -m) in
  "Linux @MACHINE@") ;;
  *)
    echo "holdfast: this archive is for Linux on @MACHINE@, and this machine is $(uname -s) on $(uname -m)." >&2
    echo "  Remedy: use the archive of this machine's architecture, or Node.js 20.19 and a checkout." >&2
    exit 1
    ;;
esac
exec "$root/node/bin/node" "$root/lib/main.js" "$@"
