// SPDX-License-Identifier: GPL-2.0
/* The guest's side of the 2-level ABI; see consumer.h for its limits. */
#include "consumer.h"

static unsigned int word_bytes(const struct guest *g)
{
	return g->wide ? 8 : 4;
}

static unsigned int word_bits(const struct guest *g)
{
	return 8 * word_bytes(g);
}

static u8 *pending_word(const struct guest *g, u32 nr)
{
	return g->shinfo + 0x800 + nr * word_bytes(g);
}

static u8 *mask_word(const struct guest *g, u32 nr)
{
	return g->shinfo + (g->wide ? 0xa00 : 0x880) + nr * word_bytes(g);
}

static u8 *selectors(const struct guest *g)
{
	return g->vcpu_info + (g->wide ? 8 : 4);
}

/* vcpu_info is not always aligned to a word: access by memcpy(). */
static u64 peek(const struct guest *g, const u8 *word)
{
	u64 value = 0;

	memcpy(&value, word, word_bytes(g));
	return value;
}

static void poke(const struct guest *g, u8 *word, u64 value)
{
	memcpy(word, &value, word_bytes(g));
}

static u64 load(const struct guest *g, const u8 *word)
{
	seam_report(word, word_bytes(g), SEAM_GUEST);
	return peek(g, word);
}

static u64 exchange(const struct guest *g, u8 *word, u64 value)
{
	u64 old = load(g, word);

	poke(g, word, value);
	return old;
}

static bool set_bit(const struct guest *g, u8 *word, unsigned int bit)
{
	u64 old = load(g, word);

	poke(g, word, old | 1ull << bit);
	return old >> bit & 1;
}

static bool clear_bit(const struct guest *g, u8 *word, unsigned int bit)
{
	u64 old = load(g, word);

	poke(g, word, old & ~(1ull << bit));
	return old >> bit & 1;
}

static void handle_word(const struct guest *g, u32 nr)
{
	u64 events = load(g, pending_word(g, nr));
	unsigned int bit;

	if (events)
		events &= ~load(g, mask_word(g, nr));

	for (bit = 0; bit < word_bits(g); bit++) {
		if (events >> bit & 1 && clear_bit(g, pending_word(g, nr), bit))
			g->handle(nr * word_bits(g) + bit);
	}
}

void guest_upcall(const struct guest *g)
{
	unsigned int nr;
	u64 sel;

	seam_report(g->vcpu_info, 1, SEAM_GUEST);
	*g->vcpu_info = 0;

	sel = exchange(g, selectors(g), 0);
	for (nr = 0; nr < word_bits(g); nr++) {
		if (sel >> nr & 1)
			handle_word(g, nr);
	}
}

void guest_mask(const struct guest *g, u32 port)
{
	set_bit(g, mask_word(g, port / word_bits(g)), port % word_bits(g));
}

static bool raise_flag(const struct guest *g)
{
	u8 old;

	seam_report(g->vcpu_info, 1, SEAM_GUEST);
	old = *g->vcpu_info;
	*g->vcpu_info = 1;
	return !old;
}

bool guest_unmask(const struct guest *g, u32 port)
{
	u32 nr = port / word_bits(g), bit = port % word_bits(g);

	clear_bit(g, mask_word(g, nr), bit);
	if (!(load(g, pending_word(g, nr)) >> bit & 1))
		return false;
	if (set_bit(g, selectors(g), nr))
		return false;
	return raise_flag(g);
}

bool guest_sees_pending(const struct guest *g, u32 port)
{
	return peek(g, pending_word(g, port / word_bits(g))) >>
	       port % word_bits(g) & 1;
}

bool guest_sees_masked(const struct guest *g, u32 port)
{
	return peek(g, mask_word(g, port / word_bits(g))) >>
	       port % word_bits(g) & 1;
}

bool guest_sees_selected(const struct guest *g, u32 port)
{
	return peek(g, selectors(g)) >> port / word_bits(g) & 1;
}

bool guest_sees_flag(const struct guest *g)
{
	return *g->vcpu_info;
}
