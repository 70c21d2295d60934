import type { Guard, GuardContext, Passage } from '../app/types.js'
import { createAttached } from '../request/attached.js'

/** What an adapter needs of a guard. */
export type EdgeGuard = Pick<Guard, 'enter' | 'holds' | 'remember' | 'of' | 'errors' | 'diagnose'>

/** Tells the guard of trouble with the adapter; whoever listens must not break a request. */
export const diagnose = (guard: EdgeGuard, code: 'framework_debug' | 'guard_error', detail: string): void => {
  try {
    guard.diagnose(code, detail)
  } catch {
    // said once, to a listener that fails
  }
}

/** Tells what was answered. A listener that fails must change no answer. */
export const finish = (guard: EdgeGuard, passage: Passage, status: number, route?: string): void => {
  try {
    passage.done(status, route)
  } catch (error) {
    diagnose(guard, 'guard_error', `what was answered could not be told: ${error instanceof Error ? error.message : 'unknown'}`)
  }
}

/** Facts for the handler of errors, of a request that the guard has let pass. */
export const aboutOf = (context: GuardContext | undefined): { readonly id?: string; readonly nonce?: string } =>
  context === undefined ? {} : { id: context.id, nonce: context.nonce }

/** The contexts that {@link lazyNonce} reads. */
const contexts = createAttached<GuardContext>()

/** The context of an object, or of one that it inherits from. */
const nearest = (holder: object | null): GuardContext | undefined =>
  holder === null ? undefined : (contexts.get(holder) ?? nearest(Object.getPrototypeOf(holder) as object | null))

/** One getter for all: with one of its own each answer has a shape of its own, which outlives it and keeps the whole request with it. */
const NONCE: PropertyDescriptor = {
  get(this: object): string | undefined {
    return nearest(this)?.nonce
  },
  enumerable: true,
  configurable: true,
}

/** Gives templates the nonce, made when it is read: an answer that holds one is kept from caches, and others need not be. */
export const lazyNonce = (target: Record<string, unknown>, context: GuardContext): void => {
  contexts.set(target, context)
  Object.defineProperty(target, 'nonce', NONCE)
}
