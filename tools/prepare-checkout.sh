# Called by ./holdfast in a checkout that is not built, or whose sources are newer than its build: sh prepare-checkout.sh ROOT
root=$1

refuse() {
  echo "holdfast: $1" >&2
  echo "  Remedy: install Node.js 20.19 or newer (https://nodejs.org), or use the release archive, which brings its own." >&2
  exit 1
}

command -v node >/dev/null || refuse "there is no Node.js on the PATH."
version=$(node -v 2>/dev/null) || refuse "$(command -v node) cannot be run."
major=${version#v}
minor=${major#*.}
major=${major%%.*}
minor=${minor%%.*}
if [ "$major" -lt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -lt 19 ]; }; then
  refuse "Node.js $version is too old: $(command -v node)"
fi

# The kernel frees the lock when the last process that works under it is gone; npm is handed it too, since it may outlive
# the node that started it. Where nothing can be written, nobody fights.
lock=$root/.prepare.lock
held=
if (: >>"$lock") 2>/dev/null && command -v flock >/dev/null; then
  exec 9>>"$lock"
  flock -n 9 || {
    echo "holdfast: another command is preparing this checkout; waiting for it" >&2
    flock 9 || exit
  }
  held=9
fi
exec node "$root/tools/prepare-checkout.mjs" "$held"
