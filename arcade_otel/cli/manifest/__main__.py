"""``python -m arcade_otel.cli.manifest PAGE`` updates the tables of the page about what is collected."""

import sys

from arcade_otel.cli.manifest.catalogue_page import main

sys.exit(main())
