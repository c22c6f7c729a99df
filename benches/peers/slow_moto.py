"""moto whose CreateAccount takes its time, as AWS's does: slow_moto.py MOTO_SMALL SECONDS PORT [calls.tsv]

A request is IN_PROGRESS until so many seconds have passed, in its reply, in DescribeCreateAccountStatus and in
ListCreateAccountStatus; plain moto has made the account before it answers.
"""

import runpy
import sys
import time

from moto.organizations.models import FakeAccount

small, seconds, *rest = sys.argv[1:]
succeeded = FakeAccount.create_account_status.fget


def create_account_status(account):
    status = succeeded(account)["CreateAccountStatus"]
    done = status["RequestedTimestamp"] + float(seconds)
    if time.time() < done:
        for field in ("AccountId", "CompletedTimestamp"):
            del status[field]
        status["State"] = "IN_PROGRESS"
    else:
        status["CompletedTimestamp"] = done
    return {"CreateAccountStatus": status}


FakeAccount.create_account_status = property(create_account_status)
sys.argv = [small, *rest]
runpy.run_path(small, run_name="__main__")
