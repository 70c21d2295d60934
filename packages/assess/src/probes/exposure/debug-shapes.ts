/** Debug pages of frameworks, by what only they write. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  ['Django with DEBUG', /because you have <code>DEBUG = True<\/code>|Using the URLconf defined in <code>|Django Debug Toolbar/],
  ['the Werkzeug debugger', /Werkzeug (?:powered traceback interpreter|Debugger)|__debugger__=yes|var EVALEX = /],
  ['Laravel or Whoops', /Whoops! There was an error|Illuminate\\\w|window\.ignite\(|laravel\/telescope/i],
  ['the Symfony profiler', /class="sf-toolbar|Symfony Profiler|sf-dump-/],
  ['phpinfo()', /<title>(?:PHP [\d.]+ - )?phpinfo\(\)<\/title>/],
  ['Rails in development', /Action Controller: Exception caught|<code>Rails\.root: |<title>Rails Info|routes_table/],
  [
    'ASP.NET with details',
    /\[(?:HttpException|NullReferenceException|SqlException)[^\]]{0,100}\]:|<title>Application Trace<\/title>|Version Information:.{0,20}Microsoft \.NET Framework/,
  ],
  ['the error page of Connect', /<ul id="stacktrace">/],
  ['Next.js in development', /data-nextjs-dialog|\/_next\/static\/development\/|__nextjs_original-stack-frame/],
  ['Vite in development', /createHotContext|import\.meta\.hot = /],
  ['Go’s profiler', /Types of profiles available:/],
  ['Go’s variables', /"memstats": ?\{"Alloc"/],
  ['the inspector of Node.js', /"webSocketDebuggerUrl": ?"ws:/],
  ['an interactive console', /<title>(?:Interactive Console|Console) \/\/ Werkzeug|The console is locked and needs to be unlocked/],
]

const ENVIRONMENT = ['PATH', 'HOME', 'PWD', 'NODE_ENV', 'HOSTNAME', 'LANG', 'SHELL', 'USER', 'DATABASE_URL', 'SECRET'] as const

/** At least three names of environment variables that stand as keys: `"PATH":`, `PATH=`, `<td>PATH`. */
const isEnvironment = (text: string): boolean =>
  ENVIRONMENT.filter((name) =>
    [`"${name}":`, `"${name}" :`, `\n${name}=`, `>${name}<`, `>${name}=`, `'${name}':`, ` ${name}: '`].some((form) => text.includes(form)),
  ).length >= 3

/** `process.versions` of Node. */
const isVersions = (text: string): boolean => ['v8', 'uv', 'openssl', 'zlib'].every((name) => text.includes(`"${name}":`))

/** What debug page this is, or undefined. */
export const debugShape = (text: string): { readonly what: string; readonly at: number } | undefined => {
  const begin = text.slice(0, 60_000)
  for (const [what, pattern] of SHAPES) {
    const match = pattern.exec(begin)
    if (match !== null) return { what, at: match.index }
  }
  if (isEnvironment(`\n${begin}`)) return { what: 'variables of the server’s environment', at: 0 }
  return isVersions(begin) ? { what: 'the versions of the server’s parts', at: 0 } : undefined
}

/** Where debug pages lie. */
export const DEBUG_PATHS: readonly string[] = (
  '/debug /_debug /__debug /debug/ /debug/vars /debug/pprof/ /env /info /config /dev /test /console /phpinfo.php /info.php /_profiler/ /app_dev.php ' +
  '/_ignition/health-check /telescope /rails/info/routes /__debug__/ /trace.axd /elmah.axd /@vite/client /json/list /api/debug /api/env'
).split(' ')
