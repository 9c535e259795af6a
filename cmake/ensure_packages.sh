# SPDX-License-Identifier: BSL-1.0
# Sourced by the scripts that install what they need.

# ensure_packages WHAT...
#
# Each is a Debian package, or COMMAND:PACKAGE if any version of the command suffices. Installs missing
# packages with apt, as root or by sudo.
ensure_packages() {
  local what missing=()
  for what in "$@"; do
    case $what in
      *:*) command -v "${what%%:*}" >/dev/null || missing+=("${what#*:}") ;;
      *)
        # Without dpkg nothing is checked here; CMake reports what it cannot find.
        if command -v dpkg-query >/dev/null; then
          dpkg-query -W -f '${Status}' "$what" 2>/dev/null | grep -q '^install ok installed' ||
            missing+=("$what")
        fi
        ;;
    esac
  done
  if [ ${#missing[@]} -eq 0 ]; then return 0; fi

  if ! command -v apt-get >/dev/null; then
    echo "These Debian packages, or what they are called here, are needed: ${missing[*]}" >&2
    echo "There is no apt-get to install them with: install them and run this again." >&2
    return 1
  fi
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are needed: ${missing[*]}. Run as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    root=(sudo)
  fi

  echo "Installing: ${missing[*]}"
  local install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}")
  "${install[@]}" </dev/null >/dev/null 2>&1 && return 0
  # The usual reason is a missing or old list of packages.
  "${root[@]}" apt-get update -qq </dev/null
  "${install[@]}" </dev/null >/dev/null
}
