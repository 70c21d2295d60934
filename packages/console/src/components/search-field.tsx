import { Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'

/** The field that `/` goes to. What is typed is told when the typing pauses; what the URL says wins when it changed without us. */
export const SearchField = ({
  label,
  placeholder,
  value,
  onChange,
  wait = 250,
  maxLength = 200,
}: {
  readonly label: string
  readonly placeholder: string
  readonly value: string
  readonly onChange: (value: string) => void
  /** ms without a key before it is told */
  readonly wait?: number
  readonly maxLength?: number
}) => {
  const [text, setText] = useState(value)
  const sent = useRef(value)
  useEffect(() => {
    // the URL changed without us: back, forward, a link
    if (value === sent.current) return
    sent.current = value
    setText(value)
  }, [value])
  useEffect(() => {
    if (text === sent.current) return undefined
    const timer = setTimeout(() => {
      sent.current = text
      onChange(text)
    }, wait)
    return () => clearTimeout(timer)
  }, [text, onChange, wait])
  return (
    <label className="relative block sm:w-72">
      <span className="sr-only">{label}</span>
      <Search size={16} aria-hidden className="absolute top-2.5 left-2.5 text-ink-3" />
      <input
        data-search=""
        type="search"
        className="field pl-8!"
        placeholder={placeholder}
        maxLength={maxLength}
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </label>
  )
}
