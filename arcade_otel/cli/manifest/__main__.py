"""``python -m arcade_otel.cli.manifest PAGE`` keeps the tables of the page about what is collected up to date."""

import sys

from arcade_otel.cli.manifest.catalogue_page import main

sys.exit(main())
