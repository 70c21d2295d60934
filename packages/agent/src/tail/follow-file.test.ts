import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type FileFollower, type FileState, followFile, type FollowOptions } from './follow-file.js'

fc.configureGlobal({ seed: 20_261_122 })

const folders: string[] = []
const followers: FileFollower[] = []
afterEach(() => {
  for (const follower of followers.splice(0)) follower.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

type Setup = {
  readonly path: string
  readonly lines: string[]
  readonly ids: string[]
  follower: FileFollower
  /** reads until there is nothing more */
  settle: () => Promise<void>
  /** ends as on `kill -9` after the given state was kept, and starts again */
  restart: (state?: FileState) => void
  /** moves the clock; files are written with the machine's own */
  wait: (ms: number) => void
}

const setup = (over: Partial<FollowOptions> = {}, content?: string): Setup => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-tail-'))
  folders.push(folder)
  const path = join(folder, 'app.log')
  if (content !== undefined) writeFileSync(path, content)
  const lines: string[] = []
  const ids: string[] = []
  let later = 0
  const start = (state?: FileState): FileFollower => {
    const follower = followFile({
      path,
      state,
      from: 'start',
      knownBefore: 0,
      clock: () => Date.now() + later,
      room: async () => {},
      onLines: (got, origin) => {
        for (const { text, offset } of got) {
          lines.push(text)
          ids.push(`${origin.id}:${offset}:${text}`)
        }
      },
      ...over,
    })
    followers.push(follower)
    return follower
  }
  const self: Setup = {
    path,
    lines,
    ids,
    follower: start(),
    settle: async () => {
      for (let i = 0; i < 50; i++) if (!(await self.follower.poll()) && i > 6) return
    },
    restart: (state) => {
      const kept = state ?? self.follower.save()
      self.follower.close()
      self.follower = start(kept)
    },
    wait: (ms) => {
      later += ms
    },
  }
  return self
}

const rotate = (path: string, keep = 9): void => {
  for (let n = keep; n >= 1; n--) {
    try {
      renameSync(`${path}.${n}`, `${path}.${n + 1}`)
    } catch {
      // there are not that many yet
    }
  }
  renameSync(path, `${path}.1`)
}

describe('a file that grows', () => {
  it('is read from its start when it appears, and each line once', async () => {
    const it = setup()
    await it.settle()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    appendFileSync(it.path, 'b\nc\n')
    await it.settle()
    expect(it.lines).toEqual(['a', 'b', 'c'])
  })

  it('is read from its end when it was there before, without the rest of a line that was begun', async () => {
    const it = setup({ from: 'end', knownBefore: Infinity }, 'old\nhalf')
    await it.settle()
    appendFileSync(it.path, ' of a line\nnew\n')
    await it.settle()
    expect(it.lines).toEqual(['new'])
  })

  it('keeps a last line back until its end has come, and gives it up as a line after a while', async () => {
    const it = setup({ flushAfter: 5_000 })
    writeFileSync(it.path, 'whole\nhal')
    await it.settle()
    expect(it.lines).toEqual(['whole'])
    appendFileSync(it.path, 'f\nlast')
    await it.settle()
    expect(it.lines).toEqual(['whole', 'half'])
    it.wait(6_000)
    await it.settle()
    expect(it.lines).toEqual(['whole', 'half', 'last'])
  })

  it('may hold a line of a megabyte: its beginning is given once, it is counted, and the next one is whole', async () => {
    const it = setup()
    for (let i = 0; i < 16; i++) {
      appendFileSync(it.path, 'x'.repeat(65_536))
      await it.settle()
    }
    appendFileSync(it.path, '\nnext\n')
    await it.settle()
    expect(it.lines).toEqual(['x'.repeat(8_192), 'next'])
    expect(it.follower.health()).toMatchObject({ cut: 1, lines: 2 })
  })

  it('goes on inside a line that was cut, after a restart', async () => {
    const it = setup()
    writeFileSync(it.path, 'x'.repeat(20_000))
    await it.settle()
    it.restart()
    appendFileSync(it.path, `${'x'.repeat(20_000)}\nnext\n`)
    await it.settle()
    expect(it.lines).toEqual(['x'.repeat(8_192), 'next'])
  })

  it('may hold bytes that are no UTF-8, zeros at its start and line ends of other systems', async () => {
    const it = setup()
    writeFileSync(it.path, Buffer.concat([Buffer.alloc(300), Buffer.from('a\r\n'), Buffer.from([0xff, 0x62, 10])]))
    await it.settle()
    expect(it.lines).toEqual(['a', '\uFFFDb'])
    expect(it.follower.health().invalidUtf8).toBe(1)
  })

  it('may be a link, also one that is set to another file later', async () => {
    const it = setup()
    writeFileSync(`${it.path}-target-a`, 'a\n')
    writeFileSync(`${it.path}-target-b`, 'b\n')
    it.restart({ generations: [], known: [], at: Date.now() + 120_000 })
    symlinkSync(`${it.path}-target-a`, it.path)
    await it.settle()
    unlinkSync(it.path)
    symlinkSync(`${it.path}-target-b`, it.path)
    await it.settle()
    appendFileSync(`${it.path}-target-b`, 'c\n')
    await it.settle()
    expect(it.lines).toEqual(['a', 'b', 'c'])
  })

  it('that cannot be read says so and is read as soon as it can be', async () => {
    const it = setup()
    const { mkdirSync, rmdirSync } = await import('node:fs')
    mkdirSync(it.path)
    await it.settle()
    expect(it.lines).toEqual([])
    rmdirSync(it.path)
    writeFileSync(it.path, 'a\n')
    await it.settle()
    expect(it.lines).toEqual(['a'])
  })
})

describe('rotation by renaming', () => {
  it('loses nothing of the old file, also what its writer adds after it was renamed', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    appendFileSync(it.path, 'b\n')
    rotate(it.path)
    appendFileSync(`${it.path}.1`, 'c\n')
    writeFileSync(it.path, 'd\n')
    await it.settle()
    appendFileSync(`${it.path}.1`, 'late\n')
    await it.settle()
    appendFileSync(it.path, 'e\n')
    await it.settle()
    expect(it.lines).toEqual(['a', 'b', 'c', 'd', 'late', 'e'])
    expect(it.follower.health()).toMatchObject({ lost: 0, rotations: 1 })
  })

  it('reads a file that was created and rotated between two looks', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    for (const text of ['b', 'c', 'd']) {
      rotate(it.path)
      writeFileSync(it.path, `${text}\n`)
    }
    await it.settle()
    expect(it.lines.toSorted()).toEqual(['a', 'b', 'c', 'd'])
    await it.settle()
    expect(it.lines).toHaveLength(4)
  })

  it('reads a deleted file to its end', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    appendFileSync(it.path, 'b\nc')
    unlinkSync(it.path)
    await it.settle()
    it.wait(60_000)
    await it.settle()
    expect(it.lines).toEqual(['a', 'b', 'c'])
    expect(it.follower.idle).toBe(true)
  })

  it('finds what was rotated, compressed and rotated again while the agent was not running', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    const state = it.follower.save()
    appendFileSync(it.path, 'b\n')
    writeFileSync(`${it.path}.3.gz`, gzipSync('a\nb\n'))
    unlinkSync(it.path)
    writeFileSync(`${it.path}.2.gz`, gzipSync('c\nd\n'))
    writeFileSync(`${it.path}.1`, 'e\n')
    writeFileSync(it.path, 'f\n')
    it.restart(state)
    await it.settle()
    expect(it.lines).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    it.restart()
    await it.settle()
    expect(it.lines).toHaveLength(6)
  })

  it('waits for a compressed file that is still being written, and cuts no line in two', async () => {
    const it = setup()
    const all = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${(i * 7_919) % 104_729}`)
    writeFileSync(it.path, `${all.slice(0, 5).join('\n')}\n`)
    await it.settle()
    const state = it.follower.save()
    const packed = gzipSync(`${all.join('\n')}\n`)
    unlinkSync(it.path)
    writeFileSync(`${it.path}.1.gz`, packed.subarray(0, packed.length >> 1))
    writeFileSync(it.path, 'new\n')
    it.restart(state)
    await it.settle()
    expect(it.lines.length).toBeGreaterThan(100)
    writeFileSync(`${it.path}.1.gz`, packed)
    await it.settle()
    expect(it.lines.toSorted()).toEqual([...all, 'new'].toSorted())
  })

  it('does not read a file again because it was compressed', async () => {
    const it = setup({ quietAfter: 10 })
    writeFileSync(it.path, 'a\nb\n')
    await it.settle()
    rotate(it.path)
    writeFileSync(it.path, 'c\n')
    await it.settle()
    it.wait(1_000)
    await it.settle()
    writeFileSync(`${it.path}.1.gz`, gzipSync('a\nb\n'))
    unlinkSync(`${it.path}.1`)
    rotate(it.path)
    writeFileSync(it.path, 'd\n')
    await it.settle()
    expect(it.lines).toEqual(['a', 'b', 'c', 'd'])
  })

  it('says so when a file went while the agent was not running', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    const state = it.follower.save()
    unlinkSync(it.path)
    writeFileSync(it.path, 'other\n')
    it.restart(state)
    await it.settle()
    it.wait(5_000)
    await it.settle()
    expect(it.lines).toEqual(['a', 'other'])
    expect(it.follower.health()).toMatchObject({ lost: 1 })
    expect(it.follower.health().lostWhy).toContain('not running')
  })

  it('reads the backlog once when asked, and not at all when not', async () => {
    for (const [knownBefore, expected] of [
      [0, ['old', 'older', 'x']],
      [Infinity, ['x']],
    ] as const) {
      const it = setup({ knownBefore })
      writeFileSync(`${it.path}.2.gz`, gzipSync('old\n'))
      writeFileSync(`${it.path}.1`, 'older\n')
      writeFileSync(it.path, 'x\n')
      await it.settle()
      expect(it.lines.toSorted()).toEqual(expected)
      rotate(it.path)
      writeFileSync(it.path, 'y\n')
      it.restart()
      await it.settle()
      expect(it.lines.toSorted()).toEqual([...expected, 'y'])
    }
  })
})

describe('truncation', () => {
  it('begins anew at the start of the file', async () => {
    const it = setup()
    writeFileSync(it.path, 'aaaaaaaa\nbbbbbbbb\n')
    await it.settle()
    truncateSync(it.path, 0)
    appendFileSync(it.path, 'c\n')
    await it.settle()
    expect(it.lines).toEqual(['aaaaaaaa', 'bbbbbbbb', 'c'])
    expect(it.follower.health().lost).toBe(0)
  })

  it('is noticed when the file has grown beyond its old size since', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    truncateSync(it.path, 0)
    appendFileSync(it.path, 'longer than before\n')
    await it.settle()
    expect(it.lines).toEqual(['a', 'longer than before'])
  })

  it('by copytruncate loses nothing that is in the copy', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\nb\n')
    await it.settle()
    appendFileSync(it.path, 'c\nd\n')
    copyFileSync(it.path, `${it.path}.1`)
    truncateSync(it.path, 0)
    appendFileSync(it.path, 'e\n')
    await it.settle()
    expect(it.lines.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(it.follower.health().lost).toBe(0)
  })

  it('by copytruncate twice between two looks loses nothing either, also when the copy is compressed', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    appendFileSync(it.path, 'b\n')
    writeFileSync(`${it.path}.2.gz`, gzipSync('a\nb\n'))
    truncateSync(it.path, 0)
    appendFileSync(it.path, 'c\n')
    copyFileSync(it.path, `${it.path}.1`)
    truncateSync(it.path, 0)
    appendFileSync(it.path, 'd\n')
    await it.settle()
    expect(it.lines.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('counts what is known to have been written between the copy and the truncation', async () => {
    let full = false
    const it = setup({ room: async () => (full ? new Promise<void>(() => {}) : undefined) })
    writeFileSync(it.path, `${'x'.repeat(99)}\n`.repeat(5_000))
    await it.follower.poll()
    full = false
    // the follower has seen the size of the file, and read a part of it: so much was there and is in no copy
    appendFileSync(it.path, `${'x'.repeat(99)}\n`.repeat(40_000))
    await it.follower.poll()
    const { lines } = it.follower.health()
    expect(lines).toBeLessThan(45_000)
    truncateSync(it.path, 0)
    await it.settle()
    it.wait(5_000)
    await it.settle()
    const { lost, lostWhy } = it.follower.health()
    expect(lost).toBeGreaterThan(0)
    expect(Math.abs(lost + it.lines.length - 45_000)).toBeLessThan(10)
    expect(lostWhy).toContain('bytes')
  })
})

describe('ids of lines', () => {
  it('are the same when lines are read again after a crash, and differ where a line differs', async () => {
    const it = setup()
    writeFileSync(it.path, 'a\n')
    await it.settle()
    const state = it.follower.save()
    appendFileSync(it.path, 'b\nb\n')
    await it.settle()
    it.restart(state)
    await it.settle()
    expect(it.lines).toEqual(['a', 'b', 'b', 'b', 'b'])
    expect(new Set(it.ids).size).toBe(3)
  })
})

describe('any order of what can happen to a file', () => {
  it('loses no line and gives none twice but after a crash, then under the same id', async () => {
    const step = fc.constantFrom(
      'write', 'write', 'write', 'poll', 'poll', 'half', 'rename', 'copytruncate', 'compress', 'crash', 'kill', 'replace',
    ) // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let state: FileState | undefined
        const it = setup({
          quietAfter: 0,
          flushAfter: 1e9,
          onNew: () => {
            state = it.follower.save()
          },
        })
        writeFileSync(it.path, '')
        await it.settle()
        let n = 0
        let half = ''
        state = it.follower.save()
        const wanted: string[] = []
        const end = (): void => {
          if (half === '') return
          appendFileSync(it.path, '\n')
          wanted.push(half)
          half = ''
        }
        for (const one of steps) {
          if (one === 'write' || one === 'half') {
            const text = `${half === '' ? `line ${n++} ` : ''}${'.'.repeat(n % 7)}`
            appendFileSync(it.path, one === 'half' ? text : `${text}\n`)
            half += text
            if (one === 'write') {
              wanted.push(half)
              half = ''
            }
          } else if (one === 'poll') {
            await it.settle()
            state = it.follower.save()
          } else if (one === 'kill') it.restart(state)
          else if (one === 'crash') {
            await it.settle()
            it.restart(state)
          } else {
            end()
            if (one === 'rename' || one === 'replace') {
              rotate(it.path, 60)
              writeFileSync(it.path, '')
            } else if (one === 'copytruncate') {
              for (let i = 60; i >= 1; i--) {
                try {
                  renameSync(`${it.path}.${i}`, `${it.path}.${i + 1}`)
                } catch {
                  // there are not that many yet
                }
              }
              copyFileSync(it.path, `${it.path}.1`)
              truncateSync(it.path, 0)
              // what can be told apart must be told apart
              await it.settle()
              state = it.follower.save()
            } else {
              try {
                const { readFileSync } = await import('node:fs')
                const bytes = readFileSync(`${it.path}.1`)
                writeFileSync(`${it.path}.1.gz`, gzipSync(bytes))
                renameSync(`${it.path}.1.gz`, `${it.path}.${n}-${wanted.length}.gz`)
                unlinkSync(`${it.path}.1`)
              } catch {
                // nothing was rotated yet
              }
            }
          }
        }
        end()
        await it.settle()
        await it.settle()
        expect([...new Set(it.lines)].toSorted()).toEqual([...new Set(wanted)].toSorted())
        expect(new Set(it.ids).size).toBe(new Set(wanted).size)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
