import { z } from 'zod'

/** The form under which names are compared: NFKC, case folded, so that `Ann`, `ANN` and the full-width spelling are one. */
export const nameKey = (name: string): string => name.normalize('NFKC').trim().toLowerCase().normalize('NFKC')

/**
 * Text that people see in lists and logs: no control, format or line-separator characters, so that no name reorders, hides or
 * forges what stands beside it, and none that PostgreSQL cannot store.
 */
export const displayText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u.test(text), 'may not hold control or invisible characters')

/** Names of operators, sources and tokens: 1 to 80 visible characters without space at the ends. */
export const displayName = displayText(80).refine((text) => text === text.trim() && nameKey(text) !== '', 'may not begin or end with space')
