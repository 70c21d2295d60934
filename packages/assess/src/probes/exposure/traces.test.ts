import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { debugShape } from './debug-shapes.js'
import { INTERNALS, isTalkative } from './internals.js'
import { bannersIn } from './banner.js'
import { isSourceMap, mapAddress } from './source-map.js'
import { bodyProvocations, idProvocations, pageProvocations, parameterProvocations } from './provocations.js'
import { readable, sqlIn, tracesIn } from './traces.js'
import { markupIn } from './reflected-markup.js'
import { showsMarker } from './prototype-keys.js'

const first = (text: string): string | undefined => tracesIn(readable(text))[0]?.what

describe('traces of programs', () => {
  it.each([
    [
      'Node.js',
      'Error: x\n    at Layer.handle [as handle_request] (/srv/app/node_modules/express/lib/router/layer.js:95:5)',
      'a stack of Node.js',
    ],
    ['Node.js, module', 'at async file:///srv/app/dist/server.js:12:3', 'a stack of Node.js'],
    ['Node.js, inside', 'at node:internal/process/task_queues:95:5', 'a stack of Node.js'],
    ['Node.js on Windows', 'at run (C:\\app\\server.js:1:20)', 'a stack of Node.js'],
    [
      'Express in development',
      '<pre>SyntaxError: Unexpected token<br> &nbsp; &nbsp;at JSON.parse (&lt;anonymous&gt;)<br> &nbsp; &nbsp;at parse (/srv/app/x.js:3:9)</pre>',
      'a stack of Node.js',
    ],
    ['JSON', JSON.stringify({ stack: 'Error: x\n    at f (/srv/app/x.js:3:9)' }), 'a stack of Node.js'],
    ['Python', 'Traceback (most recent call last):\n  File "/srv/app/views.py", line 12, in get', 'a stack of Python'],
    ['Flask in HTML', '<li>File &quot;/srv/app/views.py&quot;, line 12, in get</li>', 'a stack of Python'],
    ['PHP', '<b>Warning</b>:  include(): Failed in <b>/var/www/x.php</b> on line <b>3</b>', 'a stack of PHP'],
    ['PHP trace', '#0 /var/www/html/index.php(12): main()', 'a stack of PHP'],
    ['Java', 'java.lang.IllegalStateException: x\n\tat com.example.web.Users.find(Users.java:41)', 'a stack of Java'],
    ['.NET', 'System.NullReferenceException: Object reference\n   at App.Web.Get(String id) in /src/Web.cs:line 12', 'a stack of .NET'],
    ['Ruby', "/srv/app/config.rb:3:in `load'", 'a stack of Ruby'],
    ['Go', 'panic: x\n\ngoroutine 1 [running]:\nmain.main()', 'a stack of Go'],
    ['a path', 'ENOENT: no such file, open "/srv/app/views/x.ejs"', 'a path of the server'],
    ['a path of Windows', 'could not open C:\\inetpub\\wwwroot\\web.config', 'a path of the server'],
    ['a message', 'TypeError: Cannot read properties of undefined (reading "id")', 'a message from inside the program'],
  ])('of %s are known', (_, text, what) => {
    expect(first(text)).toBe(what)
  })

  it.each([
    ['a plain refusal', '{"type":"https://parapet.example/errors#ppt_x","title":"Bad request","status":400,"instance":"/api/notes"}'],
    ['paths of the site', 'Nothing at /home or /app/settings, see /docs/api.html and https://x.example/usr/share'],
    ['a script of an error page', '<script src="/app/error.js"></script><link href=\'/src/look.css.html\'>'],
    ['a sentence', 'Look at 10:30:15 or at /offers, line 3'],
    ['an address of a script', '<script src="/static/app.js"></script><a href="/src">source</a>'],
    ['a message for people', 'The body is no JSON: it ends too early'],
  ])('are not %s', (_, text) => {
    expect(tracesIn(readable(text))).toEqual([])
  })

  it('cost no more than their length, whatever comes', () => {
    const from = performance.now()
    for (const part of ['at ', 'at a', 'File "', '/home/', 'at a.', 'select ', 'C:\\a', '#0 /', 'Warning: ', 'at [ (', '/a.rb:1:in '])
      for (const text of [part.repeat(8_000), part + 'a'.repeat(24_000), part + '/'.repeat(24_000), part + '\\'.repeat(24_000)]) {
        tracesIn(readable(text))
        sqlIn(readable(text), true)
        debugShape(text)
      }
    expect(performance.now() - from).toBeLessThan(8_000)
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const { at } of [...tracesIn(readable(text)), ...sqlIn(readable(text), true)])
          expect(at).toBeLessThanOrEqual(readable(text).length)
      }),
      { seed: 5 },
    )
  })
})

describe('errors of databases', () => {
  it.each([
    ['PostgreSQL', 'error: syntax error at or near "o"', 'an error of PostgreSQL'],
    ['PostgreSQL, quote', 'unterminated quoted string at or near "\'"', 'an error of PostgreSQL'],
    ['PostgreSQL, type', 'invalid input syntax for type uuid: "NaN"', 'an error of PostgreSQL'],
    ['PostgreSQL, NUL', 'invalid byte sequence for encoding &quot;UTF8&quot;: 0x00', 'an error of PostgreSQL'],
    ['MySQL', 'You have an error in your SQL syntax; check the manual', 'an error of MySQL'],
    ['MySQL by code', '{"code":"ER_PARSE_ERROR"}', 'an error of MySQL'],
    ['SQLite', 'SQLITE_ERROR: near "x": syntax error', 'an error of SQLite'],
    ['SQLite in Python', 'sqlite3.OperationalError: unrecognized token', 'an error of SQLite'],
    ['SQL Server', "Unclosed quotation mark after the character string ''.", 'an error of SQL Server'],
    ['Oracle', 'ORA-00933: SQL command not properly ended', 'an error of Oracle'],
    ['PDO', 'SQLSTATE[42000]: Syntax error', 'an error of a database library'],
    ['Prisma', 'Invalid `prisma.user.findMany()` invocation', 'an error of a database library'],
  ])('of %s are known', (_, text, what) => {
    expect(sqlIn(readable(text), true)[0]?.what).toBe(what)
  })

  it('takes a statement for one in an error only', () => {
    const text = 'select "id" from "people" where "name" = $1'
    expect(sqlIn(text, true)[0]?.what).toBe('a statement of SQL')
    expect(sqlIn(text, false)).toEqual([])
    for (const innocent of [
      'Please select an item from the list, or which one?',
      'Update your settings: set a name = yours?',
      'Select 2 from "A" or \'\'',
    ])
      expect(sqlIn(innocent, true)).toEqual([])
    for (const told of ['INSERT INTO people (name) VALUES ($1)', 'update "people" set "name" = $1', 'DELETE FROM people WHERE id = 1'])
      expect(sqlIn(told, true)[0]?.what).toBe('a statement of SQL')
  })
})

describe('debug pages', () => {
  it.each([
    ["<p>You're seeing this error because you have <code>DEBUG = True</code>", 'Django with DEBUG'],
    ['<title>TypeError // Werkzeug Debugger</title>', 'the Werkzeug debugger'],
    ['<title>PHP 8.2.1 - phpinfo()</title>', 'phpinfo()'],
    ['<title>Action Controller: Exception caught</title>', 'Rails in development'],
    ['<h1>Connect</h1><ul id="stacktrace"><li>at x</li></ul>', 'the error page of Connect'],
    ['Types of profiles available:', 'Go’s profiler'],
    ['[{"webSocketDebuggerUrl": "ws://127.0.0.1:9229/x"}]', 'the inspector of Node.js'],
    ['{"PATH":"/bin","HOME":"/root","NODE_ENV":"x"}', 'variables of the server’s environment'],
    ['PATH=/bin\nHOME=/root\nLANG=C', 'variables of the server’s environment'],
    ['{"node":"20","v8":"11","uv":"1","openssl":"3","zlib":"1"}', 'the versions of the server’s parts'],
  ])('%s', (text, what) => {
    expect(debugShape(text)?.what).toBe(what)
  })

  it('are not pages that speak of variables or debugging', () => {
    for (const text of [
      'Set PATH and HOME in your shell, then NODE_ENV',
      'How to use the Django debug mode',
      '{"user":"anna","path":"/x"}',
      '',
    ])
      expect(debugShape(text)).toBeUndefined()
  })
})

describe('pages for operators', () => {
  it('are known by shape, and a single page application is none', () => {
    const page = '<!doctype html><title>App</title><div id=root></div><script src=/app.js></script>'
    for (const { path, is } of INTERNALS) expect([path, is(page), is(''), is('{"status":"ok"}')]).toEqual([path, false, false, false])
    expect(isTalkative('{"status":"ok","version":"1"}')).toBe(false)
  })
})

describe('banners', () => {
  it.each([
    [{ server: 'nginx' }, []],
    [{ server: 'nginx/1.18.0' }, ['server']],
    [{ server: 'Apache/2.4.62 (Debian)' }, ['server']],
    [{ 'x-powered-by': 'Express' }, ['x-powered-by']],
    [{ via: '1.1 proxy' }, []],
    [{ via: '1.1 varnish/7.1' }, ['via']],
    [{ 'content-type': 'text/html' }, []],
  ])('%j names %j', (headers, expected) => {
    expect(bannersIn(headers as Record<string, string>)).toEqual(expected)
  })
})

describe('source maps', () => {
  it('reads the last comment, of scripts and styles', () => {
    expect(mapAddress('x\n//# sourceMappingURL=a.js.map')).toBe('a.js.map')
    expect(mapAddress('a{}\n/*# sourceMappingURL=b.css.map */')).toBe('b.css.map')
    expect(mapAddress('//# sourceMappingURL=a.map\n//# sourceMappingURL=b.map\n')).toBe('b.map')
    expect(mapAddress('nothing')).toBeUndefined()
  })

  it('knows one by version and mappings, also behind the guard against inclusion', () => {
    expect(isSourceMap(')]}\'\n{"version":3,"mappings":""}')).toBe(true)
    expect(isSourceMap('{"version":3}')).toBe(false)
    expect(isSourceMap('<html>{"version":3,"mappings":""}')).toBe(false)
  })
})

describe('spoilt requests', () => {
  it('never carry an account, and are many', () => {
    const template = { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } }
    const bodies = bodyProvocations(template)
    expect(bodies.length).toBeGreaterThan(20)
    expect(JSON.stringify(bodies)).not.toContain('{{')
    expect(pageProvocations('/').length + parameterProvocations('/s', 'q').length + idProvocations('/d/1').length).toBeGreaterThan(35)
    for (const { request } of idProvocations('/d/1')) expect(request.path.startsWith('/d/')).toBe(true)
  })
})

describe('markup in a page', () => {
  const m = 'pptabc'
  it.each([
    [`<p>${m}<x-${m}></p>`, 'an element of the page'],
    [`<input value="${m}" data-${m}="1">`, 'an attribute of an element'],
    [`<a href="javascript:${m}">x</a>`, 'an address of <a> that runs as a script'],
    [`<script>a = "${m}'-${m}-"\\"</script>`, 'code of a script'],
  ])('%s is %s', (html, what) => {
    expect(markupIn(html, m)?.what).toBe(what)
  })

  it.each([
    [`<p>${m}&lt;x-${m}&gt;</p>`],
    [`<input value="&lt;x-${m}&gt;&quot; data-${m}=&quot;1">`],
    [`<textarea>&lt;x-${m}&gt;</textarea>`],
    [`<a href="/search?q=javascript:${m}">x</a>`],
    [`<script type="application/json">{"q":"${m}\\u003cx-${m}\\u003e"}</script>`],
    [`<!-- ${m} &lt;x-${m}&gt; -->`],
  ])('%s stayed text', (html) => {
    expect(markupIn(html, m)).toBeUndefined()
  })
})

describe('a property that nobody put there', () => {
  it('is found in JSON and headers, and not where a body is shown as it was sent', () => {
    const shows = (text: string, headers: Record<string, string> = {}): boolean => showsMarker({ text, headers }, 'pptx')
    expect(shows('{"name":"anna","pptx":"pptx"}')).toBe(true)
    expect(shows('[{"a":{"pptx":1}}]')).toBe(true)
    expect(shows('', { pptx: 'pptx' })).toBe(true)
    expect(shows('{"note":{"__proto__":{"pptx":"pptx"}}}')).toBe(false)
    expect(shows('{"constructor":{"prototype":{"pptx":"pptx"}}}')).toBe(false)
    expect(shows('<p>"pptx":"pptx"</p>')).toBe(false)
  })
})
