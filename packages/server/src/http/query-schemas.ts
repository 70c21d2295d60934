import { z } from 'zod'

/** One line of text from a query: no control characters, which nobody types and PostgreSQL cannot take. */
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), 'may not hold control characters')

/** How many items a page holds. */
export const limitSchema = z.coerce.number().int().min(1).max(200).default(50)

/** Where the next page begins; from `next` of the page before. */
export const cursorSchema = line(512).optional()

/** A moment in ms UTC. */
export const momentSchema = z.coerce.number().int().min(0).max(8_640_000_000_000_000)

/** An id of a row. Any short word is taken: what is no id of ours is simply not found. */
export const idParams = z.object({ id: line(128) })

/** A parameter that may stand several times; nothing of it is an empty list. */
export const oneOrMore = <T extends z.ZodType>(item: T, most: number) =>
  z
    .union([z.array(item).max(most), item.transform((one) => [one])])
    .optional()
    .transform((items): z.output<T>[] => items ?? [])
