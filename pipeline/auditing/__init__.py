"""The audit of a judge: questions whose answers are known, and how far its answers hold."""
