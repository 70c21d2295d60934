const BACKSLASH = 92

/** The next quote that no backslash escapes, or -1. nginx writes a quote inside a value as `\x22`, Apache as `\"`. */
export const quoteFrom = (line: string, from: number, end: number): number => {
  let at = line.indexOf('"', from)
  while (at > from && line.charCodeAt(at - 1) === BACKSLASH) {
    let slashes = 1
    while (at - slashes > from && line.charCodeAt(at - slashes - 1) === BACKSLASH) slashes++
    if (slashes % 2 === 0) break
    at = line.indexOf('"', at + 1)
  }
  return at >= end ? -1 : at
}

/** A request as split: `undefined` where it does not have the part. Filled in place. */
export type RequestParts = {
  method: string | undefined
  target: string | undefined
  path: string | undefined
  query: string | undefined
  version: string | undefined
  reason: string | undefined
}

const METHOD_LENGTH = 20

/** What {@link readRequest} and {@link readTarget} read last; reading is synchronous, so one is enough. */
export const request: RequestParts = {
  method: undefined,
  target: undefined,
  path: undefined,
  query: undefined,
  version: undefined,
  reason: undefined,
}

/** The end of `GET `, `M-SEARCH `: capitals, `-` and `_` up to a space. -1 for anything else. */
const methodEnd = (line: string, from: number, to: number): number => {
  for (let at = from; at < to && at - from <= METHOD_LENGTH; at++) {
    const c = line.charCodeAt(at)
    if (c === 32) return at > from ? at : -1
    if (!((c >= 65 && c <= 90) || c === 45 || c === 95)) return -1
  }
  return -1
}

const methodName = (line: string, from: number, to: number): string => {
  if (to - from === 3 && line.startsWith('GET', from)) return 'GET'
  if (to - from === 4 && line.startsWith('POST', from)) return 'POST'
  if (to - from === 4 && line.startsWith('HEAD', from)) return 'HEAD'
  return line.slice(from, to)
}

/** Splits `METHOD TARGET[ HTTP/N]`. `cut`: the line ended inside the request. Bytes of TLS and the like are a `malformed_request`. */
export const readRequest = (line: string, from: number, to: number, cut: boolean): void => {
  request.method = undefined
  request.target = undefined
  request.path = undefined
  request.query = undefined
  request.version = undefined
  request.reason = cut ? 'truncated_line' : undefined
  if (from === to || (to - from === 1 && line.charCodeAt(from) === 45)) {
    request.reason = 'empty_request'
    return
  }
  const space = methodEnd(line, from, to)
  if (space < 0) {
    request.reason = 'malformed_request'
    request.target = line.slice(from, to)
    return
  }
  request.method = methodName(line, from, space)
  // by hand: the version is near, and lastIndexOf costs more than the eight characters
  let last = cut ? -1 : to - 1
  while (last > space && line.charCodeAt(last) !== 32) last--
  let targetEnd = to
  if (last > space && line.startsWith('HTTP/', last + 1)) {
    targetEnd = last
    request.version = to - last === 9 && line.startsWith('1.1', last + 6) ? '1.1' : line.slice(last + 6, to)
  }
  readTarget(line, space + 1, targetEnd)
}

/** Splits the target at its first `?`. Source: RFC 9112, 3.2; of an absolute form the path counts. */
export const readTarget = (line: string, from: number, to: number): void => {
  request.target = line.slice(from, to)
  let path = from
  if (line.charCodeAt(from) !== 47) {
    const scheme = line.indexOf('://', from)
    if (scheme > from && scheme < to && scheme - from <= 12) {
      const slash = line.indexOf('/', scheme + 3)
      path = slash < 0 || slash > to ? to : slash
    }
  }
  const mark = line.indexOf('?', path)
  if (mark < 0 || mark >= to) {
    request.path = path === from ? request.target : line.slice(path, to)
    return
  }
  request.path = line.slice(path, mark)
  request.query = line.slice(mark + 1, to)
}

/** Digits up to a space, the end or `limit` of them; -1 for anything else. */
export const numberFrom = (line: string, from: number, end: number): number => {
  let value = 0
  let at = from
  for (; at < end && at - from < 15; at++) {
    const c = line.charCodeAt(at) - 48
    if (!(c >= 0 && c <= 9)) break
    value = value * 10 + c
  }
  return at === from || (at < end && line.charCodeAt(at) !== 32) ? -1 : value
}
