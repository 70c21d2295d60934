import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldersOf } from '../seen/assets.js'
import { isDotenv, isServerSource, isSqlDump, LEFTOVERS } from './leftovers.js'
import { listingOf } from './listing.js'
import { CLIMBS, isPackageJson, isPasswd } from './traversal-corpus.js'

const NGINX = `<html>\n<head><title>Index of /files/</title></head>\n<body>\n<h1>Index of /files/</h1><hr><pre><a href="../">../</a>\n<a href="app.js">app.js</a>   22-Nov-2026 07:00   11\n</pre><hr></body>\n</html>`
const APACHE = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html><head><title>Index of /files</title></head><body><h1>Index of /files</h1><table><tr><td><a href="/">Parent Directory</a></td></tr><tr><td><a href="app.js">app.js</a></td></tr></table><address>Apache/2.4.62 (Debian) Server at localhost Port 80</address></body></html>`
const PYTHON = `<!DOCTYPE HTML>\n<html lang="en"><head><title>Directory listing for /files/</title></head><body><h1>Directory listing for /files/</h1><hr><ul><li><a href="app.js">app.js</a></li></ul><hr></body></html>`
const FASTIFY_JSON = '{"dirs":["img"],"files":["app.js"]}'
const NGINX_JSON = '[\n{ "name":"app.js", "type":"file", "mtime":"Sun, 22 Nov 2026 07:00:00 GMT", "size":11 }\n]'
const FASTIFY_HTML =
  '<html><body><ul><li><a href="/files/img">img</a></li></ul><ul><li><a href="/files/app.js">app.js</a></li></ul></body></html>'
const SERVE_INDEX = `<!DOCTYPE html><html><head><title>listing directory /files</title></head><body class="directory"><input id="search"><div id="wrapper"><h1><a href="/">~</a> / <a href="/files">files</a></h1><ul id="files" class="view-tiles"><li><a href="/files/app.js" class="icon" title="app.js"><span class="name">app.js</span></a></li></ul></div></body></html>`
const JETTY =
  '<HTML><HEAD><TITLE>Directory: /files/</TITLE></HEAD><BODY><TABLE><TR><TD><A HREF="/files/app.js">app.js</A></TD></TR></TABLE></BODY></HTML>'

describe('listings of folders', () => {
  it.each([
    ['nginx', NGINX, 'nginx'],
    ['Apache', APACHE, 'Apache'],
    ['Python', PYTHON, 'Python http.server or Tomcat'],
    ['@fastify/static', FASTIFY_JSON, '@fastify/static (JSON)'],
    ['nginx in JSON', NGINX_JSON, 'nginx (JSON)'],
    ['@fastify/static in HTML', FASTIFY_HTML, 'a page that lists files'],
    ['Jetty', JETTY, 'Jetty'],
    ['serve-index', SERVE_INDEX, 'serve-index'],
  ])('of %s are known', (_, text, server) => {
    expect(listingOf(text, '/files/', ['app.js'])).toBe(server)
  })

  it.each([
    [
      'an index page of the application',
      '<title>Files</title><nav><a href="/">home</a> <a href="/about">about</a></nav><a href="/files/app.js">source</a>',
    ],
    ['a page that loads a file of the folder', '<title>App</title><script src="/files/app.js"></script><p>hello</p>'],
    [
      'an article with the title of a listing',
      '<title>Index of /r/place submissions</title><p>text</p><a href="https://other.example/x">x</a>',
    ],
    ['documentation that shows a listing', `<title>Docs</title><pre>&lt;h1&gt;Index of /files/&lt;/h1&gt;</pre><a href="/docs">d</a>`],
    ['JSON of something else', '{"files":3,"dirs":1}'],
    ['a list of records', '[{"name":"app.js","type":"invoice"}]'],
    ['nothing', ''],
  ])('are not %s', (_, text) => {
    expect(listingOf(text, '/files/', ['app.js'])).toBeUndefined()
  })

  it('throws on no answer', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^[<>a-z"= /?:]{0,100}$/)), (text) => {
        listingOf(`<title>Index of /</title>${text}`, '/files/', ['x'])
        listingOf(text, '/files/', ['x'])
      }),
      { seed: 5 },
    )
  })

  it('are looked for in every folder above a file', () => {
    expect(foldersOf('/static/js/app.js?v=1')).toEqual(['/static/js/', '/static/'])
    expect(foldersOf('/app.js')).toEqual([])
  })
})

const PAGE = '<!doctype html><html><head><title>Not found</title></head><body>FROM here = nothing\nroot=1</body></html>'

describe('files that nobody meant to serve', () => {
  const EXAMPLES: Readonly<Record<string, string>> = {
    '/.env': 'A=1\nexport B=2\n# comment\n',
    '/.git/HEAD': 'ref: refs/heads/main\n',
    '/.git/config': '[core]\n\trepositoryformatversion = 0\n',
    '/.git/index': 'DIRC\u0000\u0000',
    '/.svn/wc.db': 'SQLite format 3\u0000',
    '/.hg/requires': 'dotencode\nfncache\nstore\n',
    '/.DS_Store': '\u0000\u0000\u0000\u0001Bud1',
    '/.htpasswd': 'anna:$apr1$abc$def\n',
    '/.npmrc': 'registry=https://registry.example/\n',
    '/.aws/credentials': '[default]\naws_access_key_id = x\n',
    '/id_rsa': '-----BEGIN OPENSSH PRIVATE KEY-----\n',
    '/package.json': '{ "name": "x", "version": "1.0.0" }',
    '/composer.json': '{"require":{}}',
    '/docker-compose.yml': 'services:\n  web:\n    image: x\n',
    '/Dockerfile': 'FROM node:20\nRUN npm ci\n',
    '/server.js': "const express = require('express')\n",
    '/dump.sql': '--\n-- PostgreSQL database dump\n--\nCREATE TABLE people (id int);\n',
    '/db.sqlite': 'SQLite format 3\u0000',
    '/backup.zip': 'PK\u0003\u0004',
    '/backup.tar.gz': '\u001f\ufffd\u0008',
    '/dump.rdb': 'REDIS0009',
  }

  it('are known by their content, each of them', () => {
    for (const [path, text] of Object.entries(EXAMPLES))
      expect([path, LEFTOVERS.find((one) => one.path === path)?.is(text)]).toEqual([path, true])
  })

  it('are never a page, whatever its status', () => {
    for (const { path, is } of LEFTOVERS) expect([path, is(PAGE), is(''), is('ok')]).toEqual([path, false, false, false])
  })

  it('throws on no bytes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const { is } of LEFTOVERS) is(text)
      }),
      { seed: 5 },
    )
  })

  it('tells settings, dumps and source from text about them', () => {
    expect(isDotenv('Set DATABASE_URL=... in your shell')).toBe(false)
    expect(isSqlDump('-- a comment about CREATE TABLE')).toBe(false)
    expect(isSqlDump('<html>CREATE TABLE x</html>')).toBe(false)
    expect(isServerSource('import { a } from "./a.js"')).toBe(false)
    expect(isServerSource('import os\nfrom django.conf import settings')).toBe(true)
  })
})

describe('paths that climb', () => {
  it('are written in at least twenty ways, none of them twice', () => {
    expect(new Set(CLIMBS.map(({ step }) => step)).size).toBe(CLIMBS.length)
    expect(CLIMBS.length).toBeGreaterThanOrEqual(20)
  })

  it('are known by what came', () => {
    expect(isPasswd('root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:')).toBe(true)
    expect(isPasswd('# comment\nroot:*:0:0:System:/var/root:/bin/sh')).toBe(true)
    expect(isPasswd('<p>The file begins with root:x:0:0:</p>')).toBe(false)
    expect(isPackageJson('{"name":"x","dependencies":{}}')).toBe(true)
    expect(isPackageJson('{"name":"Anna"}')).toBe(false)
    expect(isPackageJson('<p>{"name":"x","type":"module"}</p>')).toBe(false)
  })
})
