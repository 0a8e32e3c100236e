"""Copies the few files that pages need out of pinned npm packages into ``static/vendor/NAME-VERSION/``.

Needs npm. Each package is checked against its sha512 before a byte of it is used; nothing of it is ever run. The JSON
editor is bundled from ``tools/editor/``: npm checks its packages against the lock file, and only esbuild is run.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
CHECKSUMS = VENDOR / "SHA512SUMS"
EDITOR = Path(__file__).resolve().parent / "editor"
SOURCE_MAP = re.compile(rb"\s*/\*# sourceMappingURL=[^*]*\*/\s*\Z")

ICONS = """
activity alert-circle alert-octagon alert-triangle api arrow-back-up arrow-down-right arrow-right arrow-up-right
battery-off bell bell-off bolt book-2 brand-slack bug building-store calendar-clock calendar-x check chevron-down
chevron-left chevron-right chevron-up circle-check circle-dashed-check circle-dotted circle-half-2 circle-minus
circle-off circle-plus circle-x clock clock-exclamation clock-pause clock-x cloud-off code copy copy-check
device-desktop dots download edit exclamation-circle external-link eye-check file-code filter flask git-compare
heartbeat help-circle history hourglass hourglass-empty hourglass-high info-circle key keyboard layout-dashboard
link list-details list-search lock lock-off logout mail menu-2 minus moon package player-pause player-play plug
plug-connected-x plus progress-check receipt refresh repeat repeat-off rotate-clockwise-2 search send server-2
settings shield-lock shopping-cart sparkles stack-2 sun tool trash trending-down trending-up user user-check
webhook wifi-off world x zoom-check zoom-question
""".split()  # noqa: SIM905  # a list of them would take a hundred lines


@dataclass(frozen=True)
class Package:
    """One npm package: ``files`` maps a path inside it to the name of our copy."""

    name: str
    version: str
    integrity: str
    files: dict[str, str]

    @property
    def folder(self) -> Path:
        """Where our copies go: the scope's sign and slash would be odd in a folder's name."""
        return VENDOR / f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}"


TABLER = Package(
    "@tabler/core",
    "1.6.1",
    "sha512-lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
    {"dist/css/tabler.min.css": "tabler.min.css"},
)
INTER = Package(
    "@fontsource-variable/inter",
    "5.3.0",
    "sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
    {
        "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
        "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        "LICENSE": "LICENSE",
    },
)
TABLER_ICONS = Package(
    "@tabler/icons",
    "3.51.0",
    "sha512-0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
    {"LICENSE": "LICENSE"},
)


class VendorError(Exception):
    """A package is not the one that was pinned, or does not hold what we need."""


def download(package: Package) -> bytes:
    """The package's archive, after its sha512 was found to be the pinned one."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--ignore-scripts", f"{package.name}@{package.version}"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        data = archive.read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != package.integrity:
        raise VendorError(f"{package.name} {package.version} has {found}, pinned is {package.integrity}")
    return data


def member(archive: tarfile.TarFile, path: str) -> bytes:
    """One file of the archive. npm puts everything below ``package/``."""
    found = archive.extractfile(f"package/{path}")
    if found is None:
        raise VendorError(f"{path} is not a file")
    return found.read()


def without_source_map(data: bytes) -> bytes:
    """Hashed static storage refuses a link to a map that is not there."""
    return SOURCE_MAP.sub(b"\n", data)


def sprite(archive: tarfile.TarFile) -> bytes:
    """The icons of ``ICONS`` as the symbols of one SVG document."""
    symbols = []
    for name in sorted(ICONS):
        source = member(archive, f"icons/outline/{name}.svg").decode()
        inner = source[source.index(">", source.index("<svg")) + 1 : source.rindex("</svg>")]
        shapes = [line.strip().replace(" />", "/>") for line in inner.splitlines() if line.strip()]
        drawn = "".join(shape for shape in shapes if 'stroke="none" d="M0 0h24v24H0z"' not in shape)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def copy(package: Package) -> None:
    """Write our copies of one package."""
    with tarfile.open(fileobj=io.BytesIO(download(package))) as archive:
        package.folder.mkdir(parents=True, exist_ok=True)
        for path, name in package.files.items():
            (package.folder / name).write_bytes(without_source_map(member(archive, path)))
        if package is TABLER_ICONS:
            (package.folder / "icons.svg").write_bytes(sprite(archive))


def bundle_editor() -> None:
    """Bundle the JSON editor and the licences of what is in it."""
    for command in (["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], ["node", "build.mjs"]):
        subprocess.run(command, cwd=EDITOR, check=True)


def checksums() -> str:
    """The sha512 of every vendored file, one a line, as ``sha512sum --check`` reads it."""
    files = sorted(path for path in VENDOR.rglob("*") if path.is_file() and path != CHECKSUMS)
    return "".join(f"{hashlib.sha512(path.read_bytes()).hexdigest()}  {path.relative_to(VENDOR)}\n" for path in files)


def main() -> int:
    """Vendor everything, and note what was written."""
    for package in (TABLER, INTER, TABLER_ICONS):
        copy(package)
        print(f"{package.name} {package.version} -> {package.folder.relative_to(VENDOR.parent.parent)}")
    bundle_editor()
    print("codemirror -> static/vendor")
    CHECKSUMS.write_text(checksums())
    return 0


if __name__ == "__main__":
    sys.exit(main())
