/**
 * A "hello" behind one of: nothing (`bare`), the guard (`guard`), its headers alone set by hand (`headers`, Fastify only), or the parts that people put together themselves (`parts`). Sessions are
 * read with every request. Tells its port and a session cookie, then its CPU time whenever it is asked.
 *
 *     guard-hello.js FRAMEWORK VARIANT
 */
import { createServer } from 'node:http'
import process from 'node:process'

const [framework, variant] = process.argv.slice(2)
const SECRET = 'a-secret-of-the-bench-0123456789abcdef'
const PLENTY = { limit: 100_000, windowMs: 1_000 }
const BODY = { hello: 'world' }

const createProtection = async () => {
  const { createGuard } = await import('@parapet/guard')
  const guard = createGuard({
    clientAddress: 'direct',
    publicOrigins: ['http://localhost:3000'],
    secret: SECRET,
    limits: { anonymous: PLENTY, user: PLENTY },
    onDiagnostic: () => undefined,
  })
  for (let i = 0; i < 1_000; i++)
    guard.decisions.apply({
      id: `d${i}`, revision: i + 1, target: { kind: 'ip', value: `198.51.${i >> 8}.${i & 255}` }, action: 'deny', scope: 'all', mode: 'enforce',
      reason: 'bench', author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: 0, expiresAt: 9e15,
    }) // prettier-ignore
  const request = { method: 'POST', url: '/login', header: () => undefined, peer: '127.0.0.1', secure: false }
  const started = await guard.sessions.start('u1', { name: 'anna' }, request)
  return { guard, cookie: started.cookie.split(';')[0] }
}

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const signIn = async (port) => {
  const answer = await fetch(`http://127.0.0.1:${port}/sign-in`)
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

const fastifyApp = async () => {
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  let cookie = ''
  if (variant === 'guard') {
    const made = await createProtection()
    const { fastify } = await import('@parapet/guard/fastify')
    await app.register(fastify(made.guard))
    cookie = made.cookie
  }
  if (variant === 'headers') {
    // the guard's headers set by hand, the same on every answer: what they cost whoever sets them
    // no guard is built: what it leaves to the garbage collector at the start slows nextTick of Node 20 down for good
    const { createHeaders } = await import('@parapet/guard')
    const list = [
      ...createHeaders('app', { https: false }).plain,
      ['RateLimit-Policy', '"user";q=1000;w=3600'],
      ['RateLimit', '"user";r=999;t=4'],
    ]
    app.addHook('onRequest', (_request, reply, done) => {
      for (const [name, value] of list) reply.header(name, value)
      done()
    })
  }
  if (variant === 'parts') {
    await app.register((await import('@fastify/helmet')).default, { enableCSPNonces: true })
    await app.register((await import('@fastify/rate-limit')).default, { max: PLENTY.limit, timeWindow: PLENTY.windowMs })
    await app.register((await import('@fastify/cookie')).default)
    await app.register((await import('@fastify/session')).default, { secret: SECRET, cookie: { secure: false }, saveUninitialized: false })
    await app.register((await import('@fastify/csrf-protection')).default, { sessionPlugin: '@fastify/session' })
    app.addHook('preHandler', (request, reply, done) => {
      if (request.method === 'GET' || request.method === 'HEAD') done()
      else app.csrfProtection(request, reply, done)
    })
    app.get('/sign-in', (request, reply) => {
      request.session.set('user', 'u1')
      return reply.send(BODY)
    })
  }
  app.get('/', (_request, reply) => reply.send(BODY))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address()
  return { port, cookie: variant === 'parts' ? await signIn(port) : cookie }
}

const expressApp = async () => {
  const { default: express } = await import('express')
  const app = express()
  let cookie = ''
  if (variant === 'guard') {
    const made = await createProtection()
    const adapter = await import('@parapet/guard/express')
    app.use(adapter.express(made.guard))
    cookie = made.cookie
  }
  if (variant === 'parts') {
    const { randomBytes } = await import('node:crypto')
    app.use((_request, response, next) => {
      response.locals.nonce = randomBytes(16).toString('base64')
      next()
    })
    const { default: helmet } = await import('helmet')
    app.use(
      helmet({
        contentSecurityPolicy: { directives: { scriptSrc: ["'self'", (_request, response) => `'nonce-${response.locals.nonce}'`] } },
      }),
    )
    const { rateLimit } = await import('express-rate-limit')
    app.use(rateLimit({ limit: PLENTY.limit, windowMs: PLENTY.windowMs, standardHeaders: 'draft-8', legacyHeaders: false }))
    app.use((await import('express-session')).default({ secret: SECRET, resave: false, saveUninitialized: false }))
    // csrf-csrf reads the cookies that cookie-parser would have read
    app.use((request, _response, next) => {
      request.cookies = Object.fromEntries((request.headers.cookie ?? '').split('; ').map((pair) => pair.split('=', 2)))
      next()
    })
    const { doubleCsrf } = await import('csrf-csrf')
    const { doubleCsrfProtection } = doubleCsrf({ getSecret: () => SECRET, getSessionIdentifier: (request) => request.session.id })
    app.use(doubleCsrfProtection)
    app.get('/sign-in', (request, response) => {
      request.session.user = 'u1'
      response.json(BODY)
    })
  }
  app.get('/', (_request, response) => {
    response.json(BODY)
  })
  const port = await listen(createServer(app))
  return { port, cookie: variant === 'parts' ? await signIn(port) : cookie }
}

const honoApp = async () => {
  const { Hono } = await import('hono')
  const { createAdaptorServer } = await import('@hono/node-server')
  const app = new Hono()
  let cookie = ''
  if (variant === 'guard') {
    const made = await createProtection()
    const adapter = await import('@parapet/guard/hono')
    app.use(adapter.hono(made.guard))
    cookie = made.cookie
  }
  if (variant === 'parts') {
    const { secureHeaders, NONCE } = await import('hono/secure-headers')
    app.use(secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"], scriptSrc: ["'self'", NONCE], styleSrc: ["'self'", NONCE] } }))
    const { csrf } = await import('hono/csrf')
    app.use(csrf())
    const { rateLimiter } = await import('hono-rate-limiter')
    app.use(rateLimiter({ limit: PLENTY.limit, windowMs: PLENTY.windowMs, keyGenerator: (c) => c.env.incoming.socket.remoteAddress }))
    // Hono has no sessions of its own: a signed cookie and a map are the least that there is
    const { getSignedCookie, setSignedCookie } = await import('hono/cookie')
    const sessions = new Map()
    app.use(async (c, next) => {
      const id = await getSignedCookie(c, SECRET, 'session')
      c.set('session', typeof id === 'string' ? sessions.get(id) : undefined)
      await next()
    })
    app.get('/sign-in', async (c) => {
      sessions.set('s1', { user: 'u1' })
      await setSignedCookie(c, 'session', 's1', SECRET)
      return c.json(BODY)
    })
  }
  app.get('/', (c) => c.json(BODY))
  const port = await listen(createAdaptorServer({ fetch: app.fetch }))
  return { port, cookie: variant === 'parts' ? await signIn(port) : cookie }
}

const koaApp = async () => {
  const { default: Koa } = await import('koa')
  const app = new Koa()
  app.keys = [SECRET]
  let cookie = ''
  if (variant === 'guard') {
    const made = await createProtection()
    const adapter = await import('@parapet/guard/koa')
    app.use(adapter.koa(made.guard))
    cookie = made.cookie
  }
  if (variant === 'parts') {
    const helmet = (await import('koa-helmet')).default
    app.use(helmet())
    const ratelimit = (await import('koa-ratelimit')).default
    app.use(ratelimit({ driver: 'memory', db: new Map(), duration: PLENTY.windowMs, max: PLENTY.limit, id: (ctx) => ctx.ip }))
    const sessions = new Map()
    const session = await import('koa-session')
    const createSession = session.default ?? session.createSession
    app.use(
      createSession(
        {
          store: {
            get: async (key) => sessions.get(key),
            set: async (key, value) => void sessions.set(key, value),
            destroy: async (key) => void sessions.delete(key),
          },
        },
        app,
      ),
    )
    app.use(async (ctx, next) => {
      if (ctx.path === '/sign-in') ctx.session.user = 'u1'
      // a session that nobody looks at is not read
      ctx.state.user = ctx.session.user
      await next()
    })
  }
  app.use((ctx) => {
    ctx.body = BODY
  })
  const listener = app.callback()
  const port = await listen(createServer((request, response) => void listener(request, response)))
  return { port, cookie: variant === 'parts' ? await signIn(port) : cookie }
}

const apps = { fastify: fastifyApp, express: expressApp, hono: honoApp, koa: koaApp }
const { port, cookie } = await apps[framework]()
process.send({ port, cookie })
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpu: user + system, heap: process.memoryUsage().heapUsed })
})
process.on('disconnect', () => process.exit(0))
