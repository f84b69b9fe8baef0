"""``python -m arcade_otel.cli.manifest PAGE`` updates the tables in the documentation page about what is collected."""

import sys

from arcade_otel.cli.manifest.catalogue_page import main

sys.exit(main())
