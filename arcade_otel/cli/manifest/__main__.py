"""``python -m arcade_otel.cli.manifest docs/what-we-collect.md`` updates the tables on that page."""

import sys

from arcade_otel.cli.manifest.catalogue_page import main

sys.exit(main())
