"""`github:ORG[/REPO][/PATH][@REF]` to the URL of a file, or to another such locator (spec/config.md 5.3).

A repository may hold symbolic links and, when it is called like its owner, redirects to others of the
same owner. What they say is written by strangers: nothing leads out of the repository, or to another owner.
"""

import posixpath

import msgspec

from limavm.config.page import Fetch, Page
from limavm.errors import NotFoundError, UserError
from limavm.model.value import Value

_API = "https://api.github.com/repos"
_RAW = "https://raw.githubusercontent.com"
_FILE = ".lima.yaml"
#: What no path needs, and with which it could be made to mean another one on its way.
_REFUSED = frozenset("\n\r\t \\?#%")
#: A file that is a symbolic link in the repository is sent as the path that it leads to.
_LONGEST_LINK = 1024


class Place(Value, frozen=True, kw_only=True):
    """What a locator means. `ref` is empty when the default branch is."""

    org: str
    repo: str
    path: str
    ref: str

    @property
    def shown(self) -> str:
        """The locator in full, for messages."""
        return f"github:{self.org}/{self.repo}/{self.path}" + (f"@{self.ref}" if self.ref else "")

    @property
    def is_yaml(self) -> bool:
        """Whether the file may be a link or a redirect to another one."""
        return self.path.lower().endswith((".yaml", ".yml"))

    @property
    def may_redirect(self) -> bool:
        """Whether its files may lead to other repositories of the owner."""
        return self.org == self.repo

    def url(self, ref: str) -> str:
        """Where the file is at `ref`."""
        return f"{_RAW}/{self.org}/{self.repo}/{ref}/{posixpath.normpath(self.path)}"


class _Repository(msgspec.Struct):
    """What we want to know of GitHub's answer about a repository."""

    default_branch: str = ""


def parse(text: str) -> Place:
    """The place that the text behind `github:` names; raises UserError when it names none, or climbs out."""
    place, _, ref = text.partition("@")
    org, repo, path = (*place.split("/", 2), "", "")[:3]
    repo = repo or org
    where = f"github:{text}"
    if not org or org in (".", "..") or not _REFUSED.isdisjoint(text):
        raise UserError("a github: locator has the form github:ORG/REPO/PATH@REF", where=where)
    if repo in (".", "..") or _climbs(path) or _climbs(ref):
        raise UserError("the locator leads out of the repository", where=where, hint="leave out the `..`")
    if not path or path.endswith("/"):
        path += _FILE
    if "." not in posixpath.basename(path)[1:]:
        path += ".yaml"
    return Place(org=org, repo=repo, path=path.lstrip("/"), ref=ref)


def _climbs(path: str) -> bool:
    """Whether the path ends above where it begins."""
    path = posixpath.normpath(path.lstrip("/")) if path else ""
    return path == ".." or path.startswith("../")


def transformed(text: str, fetch: Fetch, token: str = "") -> str:
    """Where the locator leads to: a URL, or a locator of another repository of the same owner.

    `text` is what stands behind `github:`; `token` is sent to GitHub's API. Raises NotFoundError when
    there is no such repository or file, UserError for what else fails.
    """
    place = parse(text)
    ref = place.ref or _default_branch(place, fetch, token)
    url = place.url(ref)
    if not place.is_yaml:
        return url
    page = fetch(url)
    if page.status == 404 and place.may_redirect:
        # A branch or a tag that only the repositories have to which this one redirects.
        url = place.url(_default_branch(place, fetch, token))
        return redirect(_text(fetch(url), url), place)
    content = _text(page, url)
    if place.may_redirect and content.startswith("github:"):
        return redirect(content, place)
    if target := link(content, place):
        return msgspec.structs.replace(place, path=target).url(ref)
    return url


def link(content: str, place: Place) -> str:
    """The path that a symbolic link leads to, empty when the file is none; raises UserError when it leads out."""
    if not content or len(content) > _LONGEST_LINK or any(character in content for character in "\n :"):
        return ""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(place.path), content.lstrip("/")))
    if _climbs(target) or not _REFUSED.isdisjoint(target):
        raise UserError(f"the symbolic link to {content!r} leads out of the repository", where=place.shown)
    return target


def redirect(content: str, place: Place) -> str:
    """The locator that a redirecting file names; raises UserError for one that it must not name."""
    target = content.partition("\n")[0].strip()
    if not target.startswith(f"github:{place.org}/"):
        message = f"the file has to redirect to github:{place.org}/…, and begins with {target[:80]!r}"
        raise UserError(message, where=place.shown)
    if "@" in target:
        raise UserError(f"the redirect {target[:80]!r} must not name a branch or a tag", where=place.shown)
    return f"{target}@{place.ref}" if place.ref else target


def _default_branch(place: Place, fetch: Fetch, token: str) -> str:
    url = f"{_API}/{place.org}/{place.repo}"
    headers = {"User-Agent": "lima", "Accept": "application/vnd.github.v3+json"}
    if token:
        headers["Authorization"] = f"token {token}"
    page = fetch(url, headers)
    if not page.found:
        raise _refused(page, url, "name a branch behind `@`, or set GH_TOKEN to a token of yours")
    try:
        branch = msgspec.json.decode(page.body, type=_Repository).default_branch
    except msgspec.DecodeError as error:
        raise UserError("GitHub's answer is no description of a repository", where=url) from error
    if not branch or _climbs(branch):
        raise UserError("the repository has no default branch", where=url, hint="name a branch behind `@`")
    return branch


def _text(page: Page, url: str) -> str:
    """What a file of the repository says, as far as links and redirects go."""
    if not page.found:
        raise _refused(page, url, "check the path, and the branch behind `@`")
    return page.body.decode(errors="replace")


def _refused(page: Page, url: str, hint: str) -> UserError:
    kind = NotFoundError if page.status == 404 else UserError
    return kind(f"GitHub answered {page.status} {page.reason}", where=url, hint=hint)
