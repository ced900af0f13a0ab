/*
 * pack.c - the order of packing
 *
 * manifest -> sources -> tree -> filters and post-steps -> output file (stub,
 * image, sections, hash tree, seal, trailer) -> name.  Everything that can be
 * wrong with the manifest and the sources is found before the output is opened;
 * after that only writing can fail, and then the output is dropped.  The lock of
 * Debian packages is written last: it belongs to a bundle that stands.
 */
#include "bundler/pack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/assemble.h"
#include "bundler/bundle_header.h"
#include "bundler/debian.h"
#include "bundler/desktop.h"
#include "bundler/image_import.h"
#include "bundler/infer.h"
#include "bundler/not_yet.h"
#include "bundler/output.h"
#include "bundler/profile.h"
#include "bundler/recipe.h"
#include "bundler/sign.h"
#include "bundler/tree_contents.h"
#include "bundler/warnings.h"
#include "launcher/state.h"
#include "runtime/bundle.h"
#include "runtime/bundle_write.h"
#include "runtime/fd.h"

#define RULES_MAX_BYTES (1u << 20)

struct packing {
	const struct pack_options *o;
	const struct notes *notes;
	struct recipe recipe;
	struct rules rules;
	struct debian_job debian;
	struct tree tree;
	struct owners owners;
	struct desktop desktop;
	struct buf header;
	struct output output;
	struct bundle_writer *writer;
	struct image_options image;
	struct image_import import;
	struct profile profile;
	struct buf launch;		/* the profile's section */
	struct pack_result result;
};

void pack_result_free(struct pack_result *r)
{
	free(r->output);
}

static void packing_free(struct packing *p)
{
	bundle_writer_free(p->writer);
	output_free(&p->output);
	profile_free(&p->profile);
	buf_free(&p->launch);
	buf_free(&p->header);
	desktop_free(&p->desktop);
	owners_free(&p->owners);
	tree_free(&p->tree);
	image_import_free(&p->import);
	debian_job_free(&p->debian);
	rules_free(&p->rules);
	recipe_free(&p->recipe);
	pack_result_free(&p->result);
}

/* ---- options ---- */

static int set_image_options(struct packing *p, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t time = PACK_TIME;

	p->image.level = p->o->fast ? IMAGE_LEVEL_FAST : IMAGE_LEVEL;
	p->image.jobs = p->o->jobs ? p->o->jobs : cpus > 0 ? (unsigned)cpus : 1;
	if (p->image.jobs > IMAGE_JOBS_MAX)
		p->image.jobs = IMAGE_JOBS_MAX;
	if (p->o->epoch &&
	    (text_read_u64(p->o->epoch, strlen(p->o->epoch), &time) < 0 ||
	     time > UINT32_MAX))
		return err_set(err, EINVAL, "SOURCE_DATE_EPOCH=%s is not a "
			       "number of seconds up to 4294967295",
			       p->o->epoch);
	p->image.time = (uint32_t)time;
	return 0;
}

static int read_rules(struct packing *p, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r = fd_slurp(p->o->rules_fd, RULES_MAX_BYTES, &text, &len);

	if (r < 0)
		return err_sys(err, -r, "cannot read %s", p->o->rules_path);
	return rules_read(p->o->rules_path, text, len, &p->rules, err);
}

static int set_output(struct packing *p, struct err *err)
{
	const struct manifest *m = &p->recipe.manifest;
	const char *command, *slash;

	if (p->o->output) {
		p->result.output = strdup(p->o->output);
		return p->result.output ? 0 : err_nomem(err);
	}
	/* Sources are read with this name in mind: a command that is only
	 * found in them comes too late. */
	command = infer_has_command(m) ? m->commands[0].argv.v[0] :
					 strrchr(m->id, '.') + 1;
	slash = strrchr(command, '/');
	if (asprintf(&p->result.output, "%s.holdall",
		     slash ? slash + 1 : command) < 0) {
		p->result.output = NULL;
		return err_nomem(err);
	}
	/* Commands are written small, ids often are not. */
	for (char *s = p->result.output; !infer_has_command(m) && *s; s++)
		*s = (char)tolower((unsigned char)*s);
	return 0;
}

static void skip_output(struct packing *p)
{
	struct stat st;

	if (stat(p->result.output, &st) == 0 && S_ISREG(st.st_mode)) {
		p->tree.skip_dev = st.st_dev;
		p->tree.skip_ino = st.st_ino;
	}
}

static int read_profile(struct packing *p, struct err *err)
{
	int r;

	if (!p->o->profile)
		return 0;
	r = launch_profile_open(p->o->profile, &p->profile, err);
	if (r < 0)
		return r;
	p->image.profile = &p->profile;
	p->image.section = &p->launch;
	return 0;
}

/* ---- the file ---- */

static int make_header(struct packing *p, struct err *err)
{
	struct manifest *m = &p->recipe.manifest;
	CLEANUP_HEADER struct header h = { 0 };
	int r = owners_find(m, &p->debian, &p->owners, err);

	if (r == 0)
		r = infer(m, &p->tree, &p->owners, p->recipe.dir_fd, p->notes,
			  &p->desktop, err);
	if (r == 0)
		r = bundle_header_make(m, &p->tree, &p->desktop, p->notes, &h,
				       err);
	return r < 0 ? r : header_format(&h, &p->header, err);
}

static int write_profile_section(struct packing *p, struct err *err)
{
	size_t unknown = launch_profile_unknown(&p->profile, &p->tree);

	if (unknown)
		notes_note(p->notes, "%s: %zu of %zu lines name what is not in "
			   "this version%s", p->o->profile, unknown,
			   p->profile.n, unknown * 4 > p->profile.n ?
			   "; record it again with holdall profile" : "");
	if (!p->launch.len)
		return 0;
	return bundle_writer_section(p->writer, SECTION_PROFILE, false,
				     p->launch.data, p->launch.len, err);
}

static int look_for_faults(struct packing *p, struct err *err)
{
	struct warnings w = { .m = &p->recipe.manifest, .t = &p->tree,
			      .o = &p->owners, .d = &p->desktop,
			      .notes = p->notes };

	return warnings_find(&w, err);
}

static int write_lock_section(struct packing *p, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int r = debian_job_text(&p->debian, &text, err);

	if (r < 0 || !text.len)
		return r;
	return bundle_writer_section(p->writer, SECTION_LOCK, false, text.data,
				     text.len, err);
}

static int write_packages_section(struct packing *p, struct err *err)
{
	CLEANUP_CONTENTS struct contents c = { 0 };
	CLEANUP_BUF struct buf text = BUF_INIT;
	int r = tree_contents(&p->tree, &c, err);

	if (r == 0)
		r = contents_format(&c, &text, err);
	if (r < 0 || !text.len)
		return r;
	return bundle_writer_section(p->writer, SECTION_PACKAGES, false,
				     text.data, text.len, err);
}

static int write_sections(struct packing *p, struct err *err)
{
	const struct manifest *m = &p->recipe.manifest;
	int r = write_profile_section(p, err);

	if (r == 0)
		r = bundle_writer_section(p->writer, SECTION_MANIFEST, false,
					  m->text, m->text_len, err);
	if (r == 0 && p->desktop.icon.len)
		r = bundle_writer_section(p->writer, SECTION_ICON, false,
					  p->desktop.icon.data,
					  p->desktop.icon.len, err);
	if (r == 0 && p->desktop.file.len)
		r = bundle_writer_section(p->writer, SECTION_DESKTOP, false,
					  p->desktop.file.data,
					  p->desktop.file.len, err);
	if (r == 0 && p->desktop.appstream.len)
		r = bundle_writer_section(p->writer, SECTION_APPSTREAM, false,
					  p->desktop.appstream.data,
					  p->desktop.appstream.len, err);
	if (r == 0)
		r = write_packages_section(p, err);
	return r < 0 ? r : write_lock_section(p, err);
}

static int write_seal(struct packing *p, struct err *err)
{
	char version[32] = "unknown";
	struct codec codec = {
		.library = (char *)"zstd", .version = version,
		.level = p->image.level, .block_size = IMAGE_BLOCK_SIZE,
	};
	int r = 0;

	/* Who can say how somebody else's image was packed? */
	if (p->import.as_is) {
		codec.level = 0;
		r = image_import_block_size(&p->import, &codec.block_size,
					    err);
	} else {
		image_codec_version(version, sizeof(version));
	}
	return r < 0 ? r : bundle_writer_finish(p->writer, p->header.data, p->header.len,
				    &codec, err);
}

/* An image that is taken as it is has been walked: the tree says what is in it. */
static int write_taken_image(struct packing *p, uint64_t start,
			     struct err *err)
{
	struct image_stats *s = &p->result.image;
	uint32_t block_size = 0;
	int r = 0;

	if (p->o->profile)
		r = image_import_block_size(&p->import, &block_size, err);
	if (r == 0 && p->o->profile)
		r = launch_profile_taken(&p->profile, &p->tree, block_size,
					 &p->launch, err);
	if (r < 0)
		return r;
	s->size = p->import.size;
	s->input = p->import.unpacked;
	for (size_t i = 0; i < p->tree.n; i++) {
		s->files += p->tree.v[i]->type == ENTRY_FILE;
		s->dirs += p->tree.v[i]->type == ENTRY_DIR;
		s->links += p->tree.v[i]->type == ENTRY_LINK;
	}
	return image_import_copy(&p->import, p->output.fd, start, err);
}

static int write_image(struct packing *p, struct err *err)
{
	uint64_t start = bundle_writer_payload_start(p->writer);

	if (p->import.as_is)
		return write_taken_image(p, start, err);
	notes_step(p->notes, "compressing %zu files and folders", p->tree.n);
	return image_write(&p->tree, p->output.fd, start, &p->image, p->notes,
			   &p->result.image, err);
}

static int write_bundle(struct packing *p, struct err *err)
{
	int r = bundle_writer_new(p->output.fd, p->o->stub_fd, &p->writer,
				  err);

	if (r == 0)
		r = write_image(p, err);
	if (r == 0)
		r = bundle_writer_image_done(p->writer, p->result.image.size,
					     err);
	if (r == 0)
		r = write_sections(p, err);
	if (r == 0)
		r = notes_check(p->notes, err);
	if (r == 0)
		r = write_seal(p, err);
	return r == 0 ? notes_check(p->notes, err) : r;
}

/* Reads what was written as any reader would: a bundle of ours that does not
 * open is never put in anybody's place. */
static int check_bundle(struct packing *p,
			uint8_t ret_hash[LAYOUT_HASH_SIZE], struct err *err)
{
	CLEANUP_BUNDLE struct bundle b = BUNDLE_INIT;
	int fd = dup(p->output.fd), r;

	if (fd < 0)
		return err_sys(err, errno, "cannot copy a descriptor");
	r = bundle_open_fd(fd, p->result.output, &b, err);
	if (r < 0)
		return err_prefix(err, "the new bundle is not good");
	memcpy(ret_hash, b.seal_hash, LAYOUT_HASH_SIZE);
	p->result.file_size = b.file_size;
	return 0;
}

/* A file that is there and no bundle is somebody's work: `-o holdall.yaml` would
 * replace the manifest.  Empty files (mktemp) and cut bundles may go. */
static int spare_others(const char *path, struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[4] = "";
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0 || bundle_probe(fd) == 1)
		return 0;
	if (fd_pread_all(fd, magic, sizeof(magic), 0) == 0 &&
	    !memcmp(magic, "\177ELF", 4))
		return 0;
	return err_set(err, EEXIST, "%s exists and is not a bundle; remove it, "
		       "or name another file with -o", path);
}

static int write_output(struct packing *p, struct err *err)
{
	uint8_t hash[LAYOUT_HASH_SIZE];
	struct err said = { 0 };
	int r = spare_others(p->result.output, err);

	if (r == 0)
		r = output_open(p->result.output, false, &p->output, err);
	if (r < 0)
		return r;
	r = write_bundle(p, err);
	if (r == 0 && p->o->secret)
		r = sign_in_place(p->output.fd, p->result.output, p->o->secret,
				  err);
	if (r == 0)
		r = check_bundle(p, hash, err);
	if (r < 0)
		return err_prefix(err, "%s", p->result.output);
	r = output_commit(&p->output, err);
	if (r < 0)
		return r;
	/* The bundle is good without it: it only starts with a new home. */
	if (state_record_pack(p->recipe.manifest.id, p->result.output, hash,
			      &said) < 0)
		notes_note(p->notes, "the bundle will not continue the home of "
			   "an earlier one at this place: %s", said.text);
	r = debian_job_save(&p->debian, err);
	return r < 0 ? err_prefix(err, "%s is made, but not its lock",
				  p->result.output) : 0;
}

/* Before the work: whether there may be a file at all. */
static int try_output(const struct packing *p, struct err *err)
{
	CLEANUP_OUTPUT struct output probe = OUTPUT_INIT;

	return p->o->only_check ? 0 :
	       output_open(p->result.output, false, &probe, err);
}

/* With --image the manifest says what the app is, and the image what is in it. */
static int take_image(struct packing *p, struct err *err)
{
	const struct manifest *m = &p->recipe.manifest;
	int r;

	if (m->n_sources || m->exclude.n || m->keep.n || m->locales.n)
		return err_set(err, EINVAL, "%s: with --image everything comes "
			       "from the image; remove sources, exclude, keep "
			       "and locales from the manifest", m->file);
	r = image_import_read(p->o->import, p->result.output, p->o->stub_fd,
			      p->notes, &p->tree, &p->import, err);
	return r < 0 ? r : assemble_image(&p->recipe, &p->tree, err);
}

static int pack_all(struct packing *p, struct buf *report, struct err *err)
{
	int r = set_image_options(p, err);

	if (r == 0)
		r = read_profile(p, err);
	if (r == 0)
		r = read_rules(p, err);
	if (r == 0)
		r = p->o->import ?
			recipe_read_for_image(p->o->manifest, &p->recipe,
					      report, err) :
			recipe_read(p->o->manifest, &p->recipe, report, err);
	if (r == 0)
		r = infer_possible(&p->recipe.manifest, err);
	if (r == 0)
		r = set_output(p, err);
	if (r == 0)
		r = try_output(p, err);
	if (r == 0)
		not_yet_say(&p->recipe.manifest, p->notes);
	if (r == 0)
		r = tree_new(&p->tree, err);
	if (r == 0)
		skip_output(p);
	if (r == 0)
		r = debian_job_open(&p->recipe, p->o->locked, false, p->notes,
				    &p->debian, err);
	if (r == 0 && p->o->import)
		r = take_image(p, err);
	else if (r == 0)
		r = assemble(&p->recipe, &p->rules, p->image.time, &p->debian,
			     p->notes, &p->tree, err);
	if (r == 0)
		r = make_header(p, err);
	if (r == 0)
		r = look_for_faults(p, err);
	if (r == 0 && p->o->only_check)
		return 0;
	return r < 0 ? r : write_output(p, err);
}

int pack_run(const struct pack_options *o, const struct notes *notes,
	     struct pack_result *ret, struct buf *report, struct err *err)
{
	struct packing p = { .o = o, .notes = notes, .recipe = RECIPE_INIT,
			     .output = OUTPUT_INIT, .header = BUF_INIT, .launch = BUF_INIT,
			     .desktop = DESKTOP_INIT,
			     .import = IMAGE_IMPORT_INIT,
			     .debian = DEBIAN_JOB_INIT };
	int r = pack_all(&p, report, err);

	if (r == 0) {
		*ret = p.result;
		p.result.output = NULL;
	}
	packing_free(&p);
	return r;
}
