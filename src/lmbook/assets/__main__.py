"""``python -m lmbook.assets [name …]``: fetch assets, all by default, and list what is there."""

import argparse
import sys

from lmbook.assets import AssetError, fetch, registry


def main() -> int:
    """Return the exit status: 0 if every asset asked for is there."""
    assets = registry()
    parser = argparse.ArgumentParser(
        prog="python -m lmbook.assets",
        description="Fetch the book's data and weights, and check them.",
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(assets))
    failed = False
    for name in parser.parse_args().names or assets:
        try:
            folder = fetch(name)
        except AssetError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        asset = assets[name]
        size = sum(member.size for member in asset.members) / 1e6
        print(f"{name:8} {asset.project} {asset.version}, {size:.1f} MB in {folder}")
        print(f"{'':8} {asset.source}")
        print(f"{'':8} Licence: {asset.licence}.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
