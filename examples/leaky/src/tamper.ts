import type { OutgoingHttpHeaders } from 'node:http'
import type { Response } from 'express'

/** Calls `change` when all headers of an answer are set and none has left. */
export const beforeHeaders = (response: Response, change: () => void): void => {
  const writeHead = response.writeHead.bind(response)
  let changed = false
  response.writeHead = ((status: number, ...rest: readonly unknown[]) => {
    const headers = rest.at(-1)
    // what is given here would win over what was set before: all in one place first
    if (typeof headers === 'object' && headers !== null && !Array.isArray(headers))
      for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders)) if (value !== undefined) response.setHeader(name, value)
    response.statusCode = status
    if (!changed) {
      changed = true
      change()
    }
    return writeHead(response.statusCode)
  }) as typeof response.writeHead
}

/** Passes an answer of text through `change` when it is sent whole, as Express sends pages and JSON. */
export const beforeBody = (response: Response, type: string, change: (text: string) => string): void => {
  const end = response.end.bind(response)
  response.end = ((chunk?: unknown, ...rest: readonly unknown[]) => {
    const isText = String(response.getHeader('content-type') ?? '').includes(type)
    if (response.headersSent || !isText || (typeof chunk !== 'string' && !Buffer.isBuffer(chunk)))
      return (end as (...parts: readonly unknown[]) => Response)(chunk, ...rest)
    const text = Buffer.from(change(chunk.toString('utf8')))
    response.removeHeader('etag')
    response.setHeader('content-length', text.length)
    return end(text)
  }) as typeof response.end
}

/** The cookies of an answer, one Set-Cookie value each. */
export const setCookies = (response: Response): readonly string[] => {
  const held = response.getHeader('set-cookie')
  return held === undefined ? [] : Array.isArray(held) ? held : [String(held)]
}

/** Passes each Set-Cookie value of an answer through `change`; undefined takes it away. */
export const beforeCookies = (response: Response, change: (cookie: string) => string | undefined): void =>
  beforeHeaders(response, () => {
    const changed = setCookies(response).flatMap((cookie) => change(cookie) ?? [])
    if (changed.length === 0) response.removeHeader('set-cookie')
    else response.setHeader('set-cookie', changed)
  })
