"""Where the stages live once installed, and the door to their command.

In a wheel `pipeline`, `training` and `labeling` lie inside this package, so that site-packages holds no names as general as those.
Their imports stay as they are in the source tree: the command puts the folder on the path of its own process (docs/decisions/package-names.md).
"""

__all__ = ["main"]

from gie_stages.command import main
