"""Where an organisation on moto differs from the same on the sandbox through no fault of the runner: patterns of paths in the dump
(`fnmatch`), what moto has there, and why. Any other difference fails; so does a gap that is none any more."""

GAPS = {
    "/accounts/*/iam/roles/OrganizationAccountAccessRole/attached": (
        [],
        "moto attaches no policy to the access role of a new account; AWS attaches AdministratorAccess",
    ),
    "/accounts/master/iam/users/admin": (
        None,
        "the administrator that the sandbox itself begins with; moto takes any key for one of an account without users",
    ),
}
