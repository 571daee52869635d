"""Checks that count their cases and print one line, as check.ts does."""


class Check:
    """Counts cases of one check and prints its line."""

    failed = 0  # checks, over the whole run

    def __init__(self, name):
        self.name = name
        self.counts = {}
        self.faults = []

    def count(self, what, amount=1):
        self.counts[what] = self.counts.get(what, 0) + amount

    def expect(self, condition, fault):
        if not condition:
            self.faults.append(fault)
        return condition

    def close(self):
        counts = ", ".join(f"{amount} {what}" for what, amount in self.counts.items())
        if self.faults or not self.counts:
            Check.failed += 1
            shown = "; ".join(self.faults[:5]) or "nothing was checked"
            print(
                f"fail {self.name}: {len(self.faults)} faults in {counts or 'no cases'}: {shown}", flush=True
            )
        else:
            print(f"pass {self.name}: {counts}", flush=True)
