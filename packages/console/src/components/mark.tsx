/** Three merlons: the sign of Parapet. */
export const Mark = ({ size = 20 }: { readonly size?: number }) => (
  <svg viewBox="0 0 20 14" width={size} height={(size * 14) / 20} aria-hidden className="text-accent">
    <path d="M0 0h5v4h2.5V0h5v4H15V0h5v14H0z" fill="currentColor" />
  </svg>
)
