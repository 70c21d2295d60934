import type { Clock } from '@parapet/core'
import { type Book, createBook, takeAll } from '../limiter/book.js'
import type { LimitRule, LimitStore } from '../limiter/types.js'

/** Counts limits in this process, for at most `maxKeys` keys of each rule. Every method is one synchronous step. */
export const memoryLimits = (clock: Clock, maxKeys: number): LimitStore => {
  const books = new Map<string, Book>()

  const bookOf = (rule: LimitRule): Book => {
    const name = `${rule.kind}:${rule.limit}:${rule.windowMs}:${rule.kind === 'gcra' ? rule.rate : ''}`
    let book = books.get(name)
    // rules are declared in code: there are few
    if (book === undefined) books.set(name, (book = createBook(rule, maxKeys)))
    return book
  }

  return {
    shared: false,
    take: async (takes, lease) => {
      const at = clock()
      return { at, answers: takeAll(takes.map(({ key, rule, cost }) => ({ book: bookOf(rule), key, cost })), at, lease) } // prettier-ignore
    },
    give: async (takes, lease) => {
      for (const { key, rule, cost } of takes) bookOf(rule).give(key, clock(), cost, lease)
    },
    forget: async (takes) => {
      for (const { key, rule } of takes) bookOf(rule).forget(key)
    },
  }
}
