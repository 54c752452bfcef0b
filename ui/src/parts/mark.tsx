/** The watch tower. */
export const Mark = (props: { size?: number }) => (
  <svg aria-hidden="true" viewBox="0 0 32 32" width={props.size ?? 24} height={props.size ?? 24}>
    <rect width="32" height="32" rx="8" fill="var(--accent)" />
    <path
      d="M10 7h3v2.500h1.500V7h3v2.500H19V7h3v6.500l-1.800 1.800V25h-8.400v-9.700L10 13.500z"
      fill="var(--on-accent)"
    />
    <path d="M14.500 25v-4a1.500 1.500 0 0 1 3 0v4z" fill="var(--accent)" />
  </svg>
)
