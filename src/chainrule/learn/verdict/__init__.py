"""What happened in a descent, and why."""

from chainrule.learn.verdict.losses import judge

__all__ = ["judge"]
