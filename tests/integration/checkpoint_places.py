"""Where a checkpoint directory lies, seen by a client that is not ours: looks at what is there, and spoils it."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import urllib3

from fake_server import REGION

USER = "ada"


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"file:{path}"
        self.options: tuple[str, ...] = ()

    def names(self, folder: str = "") -> list[str]:
        """Sorted, without the hidden ones."""
        return sorted(path.name for path in (self._path / folder).iterdir() if not path.name.startswith("."))

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """In place of what is there, if anything is."""
        (self._path / name).parent.mkdir(parents=True, exist_ok=True)
        (self._path / name).write_bytes(data)


class Prefix:
    """A prefix of a bucket in an S3 at `endpoint`."""

    def __init__(self, endpoint: str, bucket: str, prefix: str) -> None:
        self._client = boto3.client("s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test",
                                    aws_secret_access_key="test")
        self._bucket, self._prefix = bucket, prefix
        self.url = f"s3://{bucket}/{prefix}"
        self.options = ("--set", f"tidemill.s3.endpoint={endpoint}")

    def names(self, folder: str = "") -> list[str]:
        start = f"{self._prefix}/{folder}/" if folder else f"{self._prefix}/"
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start, Delimiter="/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        keys += [entry["Prefix"].rstrip("/") for page in pages for entry in page.get("CommonPrefixes", [])]
        return sorted(name for key in keys if not (name := key.removeprefix(start)).startswith("."))

    def read(self, name: str) -> bytes:
        return self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}")["Body"].read()

    def write(self, name: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}", Body=data)


class WebHdfs:
    """A folder of an HDFS whose namenode answers HTTP at `authority`."""

    def __init__(self, authority: str, path: str) -> None:
        self._base = f"http://{authority}/webhdfs/v1{path}"
        self._http = urllib3.PoolManager(retries=False, timeout=60)
        self.url = f"hdfs://{authority}{path}"
        self.options = ("--set", f"tidemill.hdfs.user={USER}")

    def names(self, folder: str = "") -> list[str]:
        listing = json.loads(self._ask("GET", folder, "LISTSTATUS_BATCH", 200).data)["DirectoryListing"]
        assert listing["remainingEntries"] == 0, "more than one page"
        found = listing["partialListing"]["FileStatuses"]["FileStatus"]
        return sorted(entry["pathSuffix"] for entry in found if not entry["pathSuffix"].startswith("."))

    def read(self, name: str) -> bytes:
        told = self._ask("GET", name, "OPEN", 307)
        done = self._http.request("GET", told.headers["Location"], redirect=False)
        assert done.status == 200, done.data
        return done.data

    def write(self, name: str, data: bytes) -> None:
        self._ask("DELETE", name, "DELETE", 200)
        told = self._ask("PUT", name, "CREATE", 307)
        done = self._http.request("PUT", told.headers["Location"], body=data, redirect=False)
        assert done.status == 201, done.data

    def _ask(self, method: str, name: str, operation: str, status: int) -> urllib3.BaseHTTPResponse:
        url = f"{self._base}/{name}?op={operation}&user.name={USER}"
        done = self._http.request(method, url, redirect=False)
        assert done.status == status, done.data
        return done


Place = Folder | Prefix | WebHdfs


def spoil_newest_metadata(place: Place) -> str:
    """Puts other bytes at the end of the newest metadata checkpoint, and gives its name."""
    name = place.names("metadata")[-1]
    place.write(f"metadata/{name}", place.read(f"metadata/{name}")[:-9] + b"123456789")
    return name
