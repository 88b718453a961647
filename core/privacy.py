"""What every column may hold and who may see it. Each model says it for each of its fields; a test demands it.

technical   ids, keys, times and states: tells nothing about a person by itself
team        words the team wrote for itself, seen by its members
private     seen by its author alone
personal    tells who somebody is or what a named person did; exported and erased with that person
secret      hashes of tokens and the like: seen by nobody
"""

CLASSES = ("technical", "team", "private", "personal", "secret")


def classes(
    *, technical: str = "", team: str = "", private: str = "", personal: str = "", secret: str = ""
) -> dict[str, str]:
    """Field name → class. Raises ValueError when a field stands in two classes."""
    found: dict[str, str] = {}
    for name, fields in zip(CLASSES, (technical, team, private, personal, secret), strict=True):
        for column in fields.split():
            if column in found:
                raise ValueError(f"{column} is {found[column]} already")
            found[column] = name
    return found
