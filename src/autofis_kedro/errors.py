"""The one error that a user's mistake ends in."""


class UserError(ValueError):
    """A mistake in data, parameters or files that the user can mend.

    The message names the thing, the value that was found and what is allowed.
    """
