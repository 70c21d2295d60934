import { createHash } from 'node:crypto'
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { StringDecoder } from 'node:string_decoder'
import { ParapetError, toProblem } from '@parapet/core'
import { createJsonStream } from '../masking/structure/json-stream.js'
import type { SurfaceMasker } from '../masking/surfaces/surface-masker.js'
import { hasNoBody, planBody, type BodyPlan } from './body-plan.js'
import { createLineStream, createTextStream, type TextStream } from './line-stream.js'

/** What masks the answers of a server. */
export type MaskResponsesOptions = {
  /** the masker of a role; what it gives for an unknown one must be the strictest, as `createView` does */
  readonly view: (role: string | undefined) => SurfaceMasker
  /** who asks, asked when the answer begins; when it throws, the role is unknown */
  readonly role: (request: IncomingMessage) => string | undefined
  /** names of headers whose values are masked too, such as `x-user-email` */
  readonly headers?: readonly string[]
  /** what happens to a body that is compressed before it gets here; default `refuse`. Mount compression before this, then it compresses what was masked. */
  readonly compressed?: 'refuse' | 'pass'
  /** request headers that the role depends on, added to `Vary`; default `Authorization, Cookie` */
  readonly vary?: string
  /** told of every body that was refused or broke off. No part of the body is in the error. */
  readonly onError?: (error: ParapetError) => void
}

/** A middleware for Express 4 and 5 and everything of their shape. */
export type MaskResponses = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

type Callback = (error?: Error | null) => void
type Headers = OutgoingHttpHeaders | readonly OutgoingHttpHeader[]

const readArgs = (
  chunk: unknown,
  encoding: unknown,
  callback: unknown,
): { chunk: unknown; encoding: BufferEncoding; done: Callback | undefined } => {
  if (typeof chunk === 'function') return { chunk: undefined, encoding: 'utf8', done: chunk as Callback }
  if (typeof encoding === 'function') return { chunk, encoding: 'utf8', done: encoding as Callback }
  return { chunk, encoding: typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8', done: callback as Callback | undefined }
}

const toBytes = (chunk: unknown, encoding: BufferEncoding): Buffer => {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw new TypeError('The "chunk" argument must be a string or an instance of Buffer or Uint8Array')
}

const etagOf = (body: Buffer, isWeak: boolean): string => {
  const tag = `"${body.length.toString(16)}-${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
  return isWeak ? `W/${tag}` : tag
}

const matches = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === etag.replace(/^W\//, ''))

/**
 * Masks what a server answers for the role of who asks: JSON and text bodies, whole or streamed, and the headers listed. Length, ETag,
 * 304, HEAD and back pressure stay right; conditional and range requests are answered for the masked body, so that nothing can be
 * guessed by them. What cannot be masked is refused with a problem of status 500, or broken off once its head was sent.
 */
export const maskResponses = (options: MaskResponsesOptions): MaskResponses => {
  const listed = (options.headers ?? []).map((name) => name.toLowerCase())
  const vary = options.vary ?? 'Authorization, Cookie'
  if (listed.includes('content-type') || listed.includes('content-length'))
    throw new ParapetError('PPT_MASK_RULE', 'headers: content-type and content-length are not masked')

  return (request, response, next) => {
    wrap(request, response, { ...options, listed, varied: vary })
    next()
  }
}

type Wrapped = MaskResponsesOptions & { readonly listed: readonly string[]; readonly varied: string }

const wrap = (request: IncomingMessage, response: ServerResponse, options: Wrapped): void => {
  const inner = {
    write: response.write.bind(response) as (chunk: unknown, callback?: Callback) => boolean,
    end: response.end.bind(response) as (chunk?: unknown, callback?: Callback) => ServerResponse,
    flushHeaders: response.flushHeaders.bind(response),
    writeHead: response.writeHead.bind(response) as (status: number, reason?: unknown, headers?: unknown) => ServerResponse,
  }
  const isHeadOut = headersSentOf(response)
  const ifNoneMatch = request.headers['if-none-match']
  // the application must not compare or cut what it holds unmasked
  for (const name of ['if-none-match', 'range', 'if-range']) Reflect.deleteProperty(request.headers, name)

  let plan: BodyPlan | undefined
  let masker: SurfaceMasker | undefined
  let stream: TextStream | undefined
  let decoder: StringDecoder | undefined
  let isHeadSet = false
  let isStreaming = false
  /** the head is final: node:http may send it now, which it does by `writeHead` */
  let isOpen = false
  let isOver = false

  const maskerOf = (): SurfaceMasker => {
    if (masker !== undefined) return masker
    let role: string | undefined
    try {
      role = options.role(request)
    } catch {
      role = undefined
    }
    return (masker = options.view(role))
  }

  const maskHeaders = (): void => {
    for (const name of options.listed) {
      const value = response.getHeader(name)
      if (value === undefined) continue
      const masked = (maskerOf().value({ [name]: value }) as Record<string, unknown>)[name]
      if (typeof masked === 'string' || typeof masked === 'number') response.setHeader(name, masked)
      else if (Array.isArray(masked)) response.setHeader(name, masked.map(String))
      else response.removeHeader(name)
    }
    if (options.varied === '' || (plan?.kind === 'pass' && options.listed.length === 0)) return
    const there = response.getHeader('vary')
    response.setHeader('vary', there === undefined ? options.varied : `${String(there)}, ${options.varied}`)
  }

  const planNow = (): BodyPlan =>
    (plan ??= planBody(
      {
        method: request.method ?? 'GET',
        status: response.statusCode,
        contentType: response.getHeader('content-type'),
        contentEncoding: response.getHeader('content-encoding'),
      },
      options.compressed ?? 'refuse',
    ))

  /** Nothing was sent: a problem takes the place of the answer. Otherwise the connection ends, so that half a body is no whole one. */
  const fail = (error: ParapetError, done: Callback | undefined): void => {
    if (isOver) return
    isOver = true
    options.onError?.(error)
    if (isHeadOut()) {
      response.destroy()
      return
    }
    isOpen = true
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    const body = Buffer.from(JSON.stringify(toProblem('PPT_INTERNAL')))
    response.statusCode = 500
    response.statusMessage = ''
    response.setHeader('content-type', 'application/problem+json')
    response.setHeader('cache-control', 'no-store')
    response.setHeader('content-length', body.length)
    if (request.method === 'HEAD') inner.end(undefined, done)
    else inner.end(body, done)
  }
  const guarded = (act: () => void, done: Callback | undefined): void => {
    try {
      act()
    } catch (error) {
      fail(error instanceof ParapetError ? error : new ParapetError('PPT_INTERNAL', 'masking an answer failed'), done)
    }
  }

  /** The head of a streamed body: its length and tag would be those of the unmasked one. */
  const beginStream = (): void => {
    if (isStreaming) return
    const decided = planNow()
    if (decided.kind === 'refuse') throw new ParapetError('PPT_INTERNAL', decided.reason)
    isStreaming = true
    maskHeaders()
    isOpen = true
    if (decided.kind === 'pass') return
    for (const name of ['content-length', 'etag', 'content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges'])
      response.removeHeader(name)
    decoder = new StringDecoder(decided.encoding)
    const mask = maskerOf()
    stream =
      decided.kind === 'json' ? createJsonStream(mask.jsonText) : decided.kind === 'lines' ? createLineStream(mask) : createTextStream(mask)
  }

  const encode = (text: string): Buffer => Buffer.from(text, plan !== undefined && 'encoding' in plan ? plan.encoding : 'utf8')

  const endWhole = (bytes: Buffer, done: Callback | undefined): void => {
    const decided = planNow()
    const { statusCode } = response
    if (decided.kind === 'refuse') throw new ParapetError('PPT_INTERNAL', decided.reason)
    maskHeaders()
    isOpen = true
    if (decided.kind === 'pass') {
      inner.end(bytes.length === 0 ? undefined : bytes, done)
      return
    }
    if (hasNoBody(request.method ?? 'GET', statusCode) && bytes.length === 0) {
      // the length and the tag that were set are those of the unmasked body
      if (request.method === 'HEAD') for (const name of ['content-length', 'etag']) response.removeHeader(name)
      inner.end(undefined, done)
      return
    }
    const text = bytes.toString(decided.encoding)
    const mask = maskerOf()
    const lines = decided.kind === 'lines' ? createLineStream(mask) : undefined
    const masked = encode(
      lines !== undefined ? lines.write(text) + lines.end() : decided.kind === 'json' ? mask.json(text) : mask.text(text),
    )
    const tag = response.getHeader('etag')
    for (const name of ['content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges']) response.removeHeader(name)
    response.setHeader('content-length', masked.length)
    if (typeof tag === 'string') {
      const etag = etagOf(masked, tag.startsWith('W/'))
      response.setHeader('etag', etag)
      const isSafe = request.method === 'GET' || request.method === 'HEAD'
      if (isSafe && statusCode >= 200 && statusCode < 300 && ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) {
        response.statusCode = 304
        response.statusMessage = ''
        for (const name of ['content-length', 'content-type', 'transfer-encoding']) response.removeHeader(name)
        inner.end(undefined, done)
        return
      }
    }
    inner.end(request.method === 'HEAD' ? undefined : masked, done)
  }

  /** Sends what is ready; when that is nothing, the writer goes on at once. */
  const send = (text: string, done: Callback | undefined): boolean => {
    if (text !== '') return inner.write(encode(text), done)
    if (done !== undefined) process.nextTick(done)
    return !response.writableNeedDrain
  }

  const methods = {
    writeHead: (status: number, reason?: string | Headers, headers?: Headers): ServerResponse => {
      if (isOpen) return inner.writeHead(status, reason, headers)
      if (isHeadSet) throw new ParapetError('PPT_INTERNAL', 'the head of the answer was sent already')
      isHeadSet = true
      response.statusCode = status
      if (typeof reason === 'string') response.statusMessage = reason
      setAll(response, (typeof reason === 'string' ? headers : reason) ?? {})
      return response
    },
    flushHeaders: (): void => {
      guarded(() => {
        beginStream()
        inner.flushHeaders()
      }, undefined)
    },
    write: (given: unknown, encodingOrDone?: unknown, callback?: unknown): boolean => {
      const { chunk, encoding, done } = readArgs(given, encodingOrDone, callback)
      let isRoom = true
      if (isOver) return isRoom
      const bytes = toBytes(chunk, encoding)
      guarded(() => {
        beginStream()
        isRoom = stream === undefined || decoder === undefined ? inner.write(bytes, done) : send(stream.write(decoder.write(bytes)), done)
      }, done)
      return isRoom
    },
    end: (given?: unknown, encodingOrDone?: unknown, callback?: unknown): ServerResponse => {
      const { chunk, encoding, done } = readArgs(given, encodingOrDone, callback)
      if (isOver) return response
      const bytes = chunk === undefined || chunk === null ? Buffer.alloc(0) : toBytes(chunk, encoding)
      guarded(() => {
        if (!isStreaming) endWhole(bytes, done)
        else if (stream === undefined || decoder === undefined) inner.end(bytes.length === 0 ? undefined : bytes, done)
        else {
          const rest = stream.write(decoder.write(bytes)) + stream.write(decoder.end()) + stream.end()
          inner.end(rest === '' ? undefined : encode(rest), done)
        }
        isOver = true
      }, done)
      return response
    },
  }
  Object.assign(response, methods)
  Object.defineProperty(response, 'headersSent', { configurable: true, enumerable: true, get: () => isHeadSet || isHeadOut() })
}

/** Asks the answer itself whether its head was sent, past what is put over it here. */
const headersSentOf = (response: ServerResponse): (() => boolean) => {
  for (let place: object | null = response; place !== null; place = Object.getPrototypeOf(place) as object | null) {
    const property = Object.getOwnPropertyDescriptor(place, 'headersSent')
    if (property?.get !== undefined) return () => Boolean(property.get?.call(response))
  }
  return () => true
}

/** Sets headers of `writeHead`: an object, or names and values in turn. */
const setAll = (response: ServerResponse, headers: Headers): void => {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders)) if (value !== undefined) response.setHeader(name, value)
    return
  }
  const list = headers as readonly OutgoingHttpHeader[]
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [name, value] = [String(list[i]), list[i + 1] ?? '']
    if (i > 0 && response.hasHeader(name)) response.appendHeader(name, Array.isArray(value) ? value : String(value))
    else response.setHeader(name, value)
  }
}
